import assert from 'node:assert/strict';
import type { Catalog } from '../../src/mesh/catalog.ts';
import { type LoadedMesh, loadMesh } from '../../src/mesh/load-mesh.ts';
import { parseProxyName } from '../../src/mesh/proxy-name.ts';
import type { RenderOptions } from '../../src/xds/render-options.ts';
import { renderProxy } from '../../src/xds/render-proxy.ts';
import type { JsonObject, Snapshot } from '../../src/xds/snapshot.ts';

export const ports = { ingressPort: 15_000, egressPort: 15_001 } as const;

export const loadResources = (resources: readonly object[]): LoadedMesh =>
	loadMesh([{ path: 'mesh.json', text: JSON.stringify(resources, null, 1) }]);

/** The mesh of these definitions, which have no mistakes. */
export function catalogOf(resources: readonly object[]): Catalog {
	const { catalogs, errors } = loadResources(resources);
	assert.deepEqual(errors, []);
	const [catalog] = catalogs;
	assert.ok(catalog);
	return catalog;
}

/** `name`: of a virtual node, or `mesh/MESH/virtualGateway/NAME`. */
export function rendered(resources: readonly object[], name: string, options: Partial<RenderOptions> = {}): Snapshot {
	const found = renderProxy(catalogOf(resources), parseProxyName(name), { ...ports, ...options });
	assert.ok(found, name);
	return found.snapshot;
}

/** The value at a path such as `lds/LISTENER/filterChains/CHAIN/filters/0`; what stands in a list is found by its name too. */
export function select(value: unknown, path: string): unknown {
	const step = (inner: unknown, key: string): unknown => {
		if (!Array.isArray(inner)) return (inner as JsonObject | undefined)?.[key];
		return inner.find((item: JsonObject) => item['name'] === key) ?? inner[Number(key)];
	};
	return path.split('/').reduce(step, value);
}
