import { quote } from '../lib/escape.ts';
import { nearest } from '../mesh/nearest.ts';
import { isSameKey, type Resource, type ResourceKey } from '../mesh/resource.ts';
import { parentOf } from '../mesh/schema/kinds.ts';
import type { Entry } from '../store/store.ts';
import { ApiFailure } from './api-failure.ts';

/** What the store had at one moment. */
export interface View {
	readonly entries: readonly Entry[];
	readonly find: (key: ResourceKey) => Entry | undefined;
	/** Throws an ApiFailure that says what is missing, it or what it is in, with the nearest name. */
	readonly get: (key: ResourceKey) => Entry;
	/** Throws where what it is to be in, its mesh, router or gateway, is not there. */
	readonly requireOuter: (key: ResourceKey) => void;
	readonly resourcesOf: (mesh: string) => readonly Resource[];
}

export function createView(entries: readonly Entry[]): View {
	const find = (key: ResourceKey) => entries.find(({ resource }) => isSameKey(resource, key));
	const get = (key: ResourceKey): Entry => {
		const found = find(key);
		if (found !== undefined) return found;
		requireOuter(key);
		throw missing(key, entries);
	};
	const requireOuter = (key: ResourceKey): void => {
		if (key.kind === 'mesh') return;
		get(meshKey(key.mesh));
		const outer = parentOf[key.kind];
		if (outer !== undefined) get({ kind: outer, mesh: key.mesh, parent: '', name: key.parent });
	};
	return {
		...{ entries, find, get, requireOuter },
		resourcesOf: (mesh) => entries.flatMap(({ resource }) => (resource.mesh === mesh ? [resource] : [])),
	};
}

const meshKey = (name: string): ResourceKey => ({ kind: 'mesh', mesh: name, parent: '', name });

function missing(key: ResourceKey, entries: readonly Entry[]): ApiFailure {
	const { kind, mesh, parent, name } = key;
	const alike = entries.flatMap(({ resource }) =>
		resource.kind === kind && resource.parent === parent && (kind === 'mesh' || resource.mesh === mesh)
			? [resource.name]
			: [],
	);
	const near = nearest(name, alike);
	const where = kind === 'mesh' ? '' : ` in mesh ${quote(mesh)}`;
	return new ApiFailure('NotFoundException', `no ${kind} is called ${quote(name)}${where}`, hintOf(key, near, entries));
}

function hintOf({ kind, mesh }: ResourceKey, near: string | undefined, entries: readonly Entry[]): string {
	if (kind === 'mesh' && entries.some(({ resource }) => resource.mesh === mesh))
		return 'there are definitions of it, but the mesh itself is not among them: create it';
	return near === undefined ? `there is no ${kind} at all` : `did you mean ${quote(near)}?`;
}
