import type { MeshNode } from '../values/mesh-node.ts';
import type { LoadedMesh } from './load-mesh.ts';
import { mistakeLine } from './mistake-line.ts';
import { missingOf } from './references.ts';

/** What a node is told that follows the definitions: what it is not given of them, and that others do not follow. */
export function notesFor({ catalogs, errors }: LoadedMesh, { mesh, kind, name }: MeshNode): string[] {
	const catalog = catalogs.find((each) => each.mesh === mesh);
	const node = kind === 'virtualNode' ? catalog?.get(kind, name) : undefined;
	const missing = catalog === undefined || node === undefined ? [] : missingOf(catalog, node);
	const count = errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`;
	return [
		...missing.map((mistake) => `a backend is left out: ${mistakeLine(mistake)}`),
		...(errors.length === 0 ? [] : [`${count} in what other nodes have: see turnout mesh check`]),
	];
}
