import { quote } from '../lib/escape.ts';
import type { Parameters } from './importers/importer.ts';
import type { Mistake, RawResource } from './resource.ts';

export type PlacedResource = RawResource & { readonly mesh: string };

interface Placed {
	readonly resources: readonly PlacedResource[];
	readonly errors: readonly Mistake[];
}

/**
 * Formats that got the mesh's name by an option or by a selector of the cluster do not have it. It is the parameter
 * `meshName`, or else the only mesh there is.
 */
export function assignMesh(found: readonly RawResource[], parameters: Parameters): Placed {
	const given = parameters.get('meshName');
	const defined = new Set(found.flatMap(({ kind, mesh }) => (kind === 'mesh' && mesh !== undefined ? [mesh] : [])));
	const named = new Set(found.flatMap(({ mesh }) => mesh ?? []));
	const known = defined.size > 0 ? defined : named;
	const chosen = given ?? (known.size === 1 ? [...known][0] : undefined);
	const placed = found.map((raw) => ({ raw, mesh: raw.mesh ?? chosen }));
	const meshes = [...known].map((mesh) => quote(mesh)).join(', ');
	const why =
		known.size === 0 ? 'nothing says which mesh it belongs to' : `it may belong to any of the meshes ${meshes}`;
	const hint = 'name its mesh with the parameter meshName';
	return {
		resources: placed.flatMap(({ raw, mesh }) => (isPlaced(raw) ? raw : mesh === undefined ? [] : { ...raw, mesh })),
		errors: placed.flatMap(({ raw, mesh }) => (mesh === undefined ? [{ ...raw.placeOf(''), why, hint }] : [])),
	};
}

/** It stays the same object: what is known of it stays known. */
const isPlaced = (raw: RawResource): raw is PlacedResource => raw.mesh !== undefined;
