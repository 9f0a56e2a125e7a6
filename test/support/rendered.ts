import assert from 'node:assert/strict';
import type { Catalog } from '../../src/mesh/catalog.ts';
import { loadMesh } from '../../src/mesh/load-mesh.ts';
import { resolveNode } from '../../src/mesh/resolve-node.ts';
import { renderNode } from '../../src/xds/render-node.ts';
import type { RenderOptions } from '../../src/xds/render-options.ts';
import type { Snapshot } from '../../src/xds/snapshot.ts';

export const ports = { ingressPort: 15_000, egressPort: 15_001 } as const;

/** The mesh of these definitions, which have no mistakes. */
export function catalogOf(resources: readonly object[]): Catalog {
	const { catalogs, errors } = loadMesh([{ path: 'mesh.json', text: JSON.stringify(resources, null, 1) }]);
	assert.deepEqual(errors, []);
	const [catalog] = catalogs;
	assert.ok(catalog);
	return catalog;
}

export function renderedNode(
	resources: readonly object[],
	name: string,
	options: Partial<RenderOptions> = {},
): Snapshot {
	const view = resolveNode(catalogOf(resources), name);
	assert.ok(view, name);
	return renderNode(view, { ...ports, ...options });
}
