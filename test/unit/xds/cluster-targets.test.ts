import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { clusterTargets } from '../../../src/xds/cluster-targets.ts';
import { nodeSnapshot } from '../../../src/xds/node-snapshot.ts';

const meshName = 'm';
const portMapping = { port: 80, protocol: 'http' };
const serviceDiscovery = { dns: { hostname: 'b.local' } };
const backend = (virtualServiceName: string, certificateAuthority: string) => {
	const validation = { trust: { file: { certificateChain: certificateAuthority } } };
	return { virtualService: { virtualServiceName, clientPolicy: { tls: { enforce: true, validation } } } };
};
const providedBy = (virtualNodeName: string) => ({ provider: { virtualNode: { virtualNodeName } } });

const loaded = loadMesh(
	[
		{ meshName, spec: {} },
		{
			...{ meshName, virtualNodeName: 'a' },
			spec: {
				listeners: [{ portMapping }],
				backends: [backend('one_x.local', '/one.pem'), backend('two.local', '/two.pem')],
			},
		},
		{ meshName, virtualNodeName: 'b_http', spec: { listeners: [{ portMapping }], serviceDiscovery } },
		{ meshName, virtualServiceName: 'one_x.local', spec: providedBy('b_http') },
		{ meshName, virtualServiceName: 'two.local', spec: providedBy('b_http') },
	].map((resource, at) => ({ path: `${at}.json`, text: JSON.stringify(resource) })),
);

test('each cluster by which a node calls others leads to one, also where it has several for the same', () => {
	assert.deepEqual(loaded.errors, []);
	const [catalog] = loaded.catalogs;
	assert.ok(catalog);
	const of = { mesh: meshName, kind: 'virtualNode', name: 'a' } as const;
	const { cds } = nodeSnapshot(loaded, of, { ingressPort: 15_000, egressPort: 15_001, hasIpv6: false });
	const B = 'mesh/m/virtualNode/b_http';
	assert.deepEqual(Object.fromEntries(clusterTargets(catalog, Object.keys(cds))), {
		cds_egress_m_b_http_http_80: B,
		'cds_egress_m_b_http_http_80_two.local': B,
	});
	assert.ok(Object.keys(cds).includes('cds_ingress_m_a_http_80'));
});
