import { memoize } from '../lib/memoize.ts';
import { type AnyRoute, byPrecedence } from './precedence.ts';
import type { Resource, ResourceKey, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

/** The resources of one mesh, by kind and name. */
export interface Catalog {
	readonly mesh: string;
	readonly get: <K extends Kind>(kind: K, name: string) => ResourceOf<K> | undefined;
	readonly all: <K extends Kind>(kind: K) => readonly ResourceOf<K>[];
	readonly names: (kind: Kind) => readonly string[];
	/** It has mistakes, for which it may not be among the others. */
	readonly isFaulty: (kind: Kind, name: string) => boolean;
	/** Of a router, in the order in which they are tried. */
	readonly routesOf: (router: string) => readonly ResourceOf<'route'>[];
	readonly gatewayRoutesOf: (gateway: string) => readonly ResourceOf<'gatewayRoute'>[];
}

/** `own`: all of this mesh. `faulty`: of all meshes; undefined may be any. */
export function createCatalog(
	mesh: string,
	own: readonly Resource[],
	faulty: readonly (ResourceKey | undefined)[] = [],
): Catalog {
	const byKind = Map.groupBy(own, ({ kind }) => kind);
	const all = <K extends Kind>(kind: K) => (byKind.get(kind) ?? []) as readonly unknown[] as readonly ResourceOf<K>[];
	const named = new Map(
		[...byKind].map(([kind, among]) => [kind, new Map(among.map((resource) => [resource.name, resource]))]),
	);
	const names = new Map([...byKind].map(([kind, among]) => [kind, among.map(({ name }) => name)]));
	return {
		mesh,
		all,
		names: (kind) => names.get(kind) ?? [],
		isFaulty: (kind, name) =>
			faulty.some((key) => key === undefined || (key.mesh === mesh && key.kind === kind && key.name === name)),
		get: <K extends Kind>(kind: K, name: string) => named.get(kind)?.get(name) as ResourceOf<K> | undefined,
		routesOf: byParent(all('route')),
		gatewayRoutesOf: byParent(all('gatewayRoute')),
	};
}

/** Sorted when they are first asked for: a node calls few of the routers. */
function byParent<R extends AnyRoute>(routes: readonly R[]): (parent: string) => readonly R[] {
	const grouped = Map.groupBy(routes, ({ parent }) => parent);
	const sorted = memoize((own: readonly R[]) => own.toSorted(byPrecedence));
	return (parent) => sorted(grouped.get(parent) ?? []);
}
