// The guide's mesh as the console's page gets it.
import type { ShownResource } from '../../src/mesh/console-protocol.ts';
import { loadMesh } from '../../src/mesh/load-mesh.ts';
import type { Kind } from '../../src/mesh/schema/kinds.ts';
import { kinds } from '../../src/mesh/schema/kinds.ts';
import { guideFiles } from './guide-mesh.ts';

export function guideShown(): readonly ShownResource[] {
	const [catalog] = loadMesh(guideFiles()).catalogs;
	const all = (Object.keys(kinds) as Kind[]).flatMap((kind) => catalog?.all(kind) ?? []);
	return all.map(({ kind, mesh, parent, name, spec }, at) => ({
		...{ kind, mesh, parent, name, spec, tags: [], version: 1, uid: '', revision: String(at) },
		...{ arn: `arn:${kind}/${name}`, createdAt: '2026-11-30T08:00:00.000Z', updatedAt: '2026-11-30T08:00:00.000Z' },
	}));
}
