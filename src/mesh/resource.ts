import type { Kind, Spec } from './schema/kinds.ts';

/** Where something was read. `path`: within the resource, such as `spec.listeners[0].portMapping.port`; '' for all of it. */
export interface Place {
	readonly file: string;
	/** Counted from 1. */
	readonly line: number;
	readonly path: string;
}

export interface Mistake extends Place {
	/** What is wrong, with the value. */
	readonly why: string;
	/** What is allowed, or what to do; '' where `why` says it. */
	readonly hint: string;
}

/** A resource of App Mesh, its spec checked against the API's shape and bounds. */
export type Resource = { readonly [K in Kind]: ResourceOf<K> }[Kind];

export interface ResourceOf<K extends Kind> {
	readonly kind: K;
	readonly mesh: string;
	readonly name: string;
	/** The router of a route, the gateway of a gateway route; else ''. */
	readonly parent: string;
	readonly spec: Spec<K>;
	/** Finds the line of a path within the resource, for mistakes that are noticed later. */
	readonly placeOf: (path: string) => Place;
}

/** What a resource is called: the parts of its ARN. */
export type ResourceKey = Pick<ResourceOf<Kind>, 'kind' | 'mesh' | 'parent' | 'name'>;

export const isSameKey = (a: ResourceKey, b: ResourceKey): boolean =>
	a.kind === b.kind && a.name === b.name && a.parent === b.parent && a.mesh === b.mesh;

export const keyText = ({ kind, mesh, parent, name }: ResourceKey): string =>
	JSON.stringify([kind, mesh, parent, name]);

/** A resource as an importer has found it, before its spec is checked. */
export interface RawResource {
	readonly kind: Kind;
	/** Undefined: its format leaves it open. */
	readonly mesh: string | undefined;
	readonly name: string;
	readonly parent: string;
	readonly spec: unknown;
	readonly placeOf: (path: string) => Place;
}

export interface Imported {
	readonly resources: readonly RawResource[];
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
}
