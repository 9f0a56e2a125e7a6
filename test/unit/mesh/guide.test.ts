import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { resolveNode } from '../../../src/mesh/resolve-node.ts';
import { renderNode } from '../../../src/xds/render-node.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

const ports = { ingressPort: 15_000, egressPort: 15_001 };

test("the guide's example has no mistakes, and serviceA sends nine of ten requests to serviceB's first version", () => {
	const { catalogs, errors } = loadMesh(guideFiles());
	assert.deepEqual(errors, []);
	const [catalog] = catalogs;
	assert.ok(catalog);
	const view = resolveNode(catalog, 'serviceA');
	assert.ok(view);
	const { rds, cds, lds } = renderNode(view, ports);
	assert.deepEqual(Object.keys(lds), ['lds_ingress_0.0.0.0_15000', 'lds_egress_0.0.0.0_15001']);
	assert.deepEqual(Object.keys(cds), [
		'cds_ingress_simpleapp_serviceA_http_80',
		'cds_egress_simpleapp_serviceB_http_80',
		'cds_egress_simpleapp_serviceBv2_http_80',
		'cds_egress_simpleapp_amazonaws',
		'turnout_blackhole',
	]);
	assert.partialDeepStrictEqual(rds['rds_egress_http_80'], {
		virtualHosts: [
			{
				domains: ['serviceB.simpleapp.local', 'serviceB.simpleapp.local:80'],
				routes: [
					{
						match: { prefix: '/' },
						route: {
							weightedClusters: {
								clusters: [
									{ name: 'cds_egress_simpleapp_serviceB_http_80', weight: 90 },
									{ name: 'cds_egress_simpleapp_serviceBv2_http_80', weight: 10 },
								],
							},
						},
					},
				],
			},
		],
	});
});

test('the same definitions in another order of files give the same snapshot', () => {
	const snapshotOf = (files: ReturnType<typeof guideFiles>) => {
		const [catalog] = loadMesh(files).catalogs;
		const view = catalog === undefined ? undefined : resolveNode(catalog, 'serviceA');
		assert.ok(view);
		return JSON.stringify(renderNode(view, ports));
	};
	assert.equal(snapshotOf(guideFiles().reverse()), snapshotOf(guideFiles()));
});
