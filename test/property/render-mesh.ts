// PURE. All proxies of a mesh.
import assert from 'node:assert/strict';
import { type DefinitionFile, loadMesh } from '../../src/mesh/load-mesh.ts';
import type { Rendered } from '../../src/xds/render-proxy.ts';
import { renderProxy } from '../../src/xds/render-proxy.ts';

const OPTIONS = { ingressPort: 15_000, egressPort: 15_001, hasIpv6: true };

/** The only reasons for which a valid mesh is not rendered on a host: docs/from-app-mesh.md has both. */
const REFUSALS = [
	/^port \d+ is the one that Envoy itself listens on for redirected connections$/,
	/^certificates come from SDS, and nobody has said where that is$/,
];

/** Those that a host with SDS does not refuse. Throws if the definitions have a mistake, or if anything else is refused. */
export function renderMesh(files: readonly DefinitionFile[]): Rendered[] {
	const { catalogs, errors } = loadMesh(files);
	assert.deepEqual(errors, []);
	const proxies = catalogs.flatMap((catalog) =>
		(['virtualNode', 'virtualGateway'] as const).flatMap((kind) =>
			catalog.all(kind).map(({ name }) => ({ catalog, kind, name })),
		),
	);
	return proxies.map(({ catalog, kind, name }) => {
		const rendered = [true, false].map((hasSds) =>
			renderProxy(catalog, { mesh: catalog.mesh, kind, name }, { ...OPTIONS, hasSds }),
		);
		for (const { why } of rendered.flatMap((each) => each?.errors ?? []))
			assert.ok(
				REFUSALS.some((refusal) => refusal.test(why)),
				why,
			);
		const [first] = rendered;
		assert.ok(first, `${kind} ${name}`);
		return first;
	});
}
