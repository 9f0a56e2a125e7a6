import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { controlMetrics } from '../../../src/control/control-metrics.ts';
import { type ControlStatus, controlStatus, isWell } from '../../../src/control/control-status.ts';
import { controlStatusText } from '../../../src/control/control-status-text.ts';
import { createCurrentMesh } from '../../../src/control/current-mesh.ts';
import { etcdStatusText } from '../../../src/control/etcd-status-text.ts';
import { createRequestCounts } from '../../../src/control/request-counts.ts';
import { renderMetrics } from '../../../src/status/prometheus.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority } from '../../support/certificates.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { matchesGolden } from '../../support/golden.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const status: ControlStatus = {
	...{ version: '0.1.0', since: '2026-11-30T08:00:00.000Z', refused: 3 },
	listeners: [
		{ name: 'api', at: 'https://0.0.0.0:8474', clients: ['keys'] },
		{ name: 'ads', at: '0.0.0.0:18000', clients: ['certificates', 'keys'] },
	],
	certificate: { subject: 'CN=control', expiresAt: '2026-12-10T08:00:00.000Z', daysLeft: 9 },
	store: { at: '/etc/turnout/mesh', ok: true, resources: 12 },
	mistakes: ['/etc/turnout/mesh/a.yaml:3: spec: "listeners" is missing'],
	nodes: [
		{
			...{ node: 'mesh/shop/virtualGateway/door', connected: 2, settled: 1, version: 'q3dYkL0rZk2Q8Wc1' },
			envoys: [
				{ address: '10.0.0.5', since: '2026-11-30T08:00:02.000Z', settled: true },
				{ address: '10.0.0.6', since: '2026-11-30T08:00:01.000Z', settled: false },
			],
			...{ acceptedAt: '2026-11-30T08:00:03.000Z', acceptedMs: 41 },
			rejected: { of: 'lds', why: 'Invalid path: /nowhere/key.pem', reverted: true, at: '2026-11-30T08:10:00.000Z' },
			trouble: 'The definitions have a mistake',
		},
		{
			...{ node: 'mesh/shop/virtualNode/b', connected: 1, settled: 1, version: 'Zk2Q8Wc1q3dYkL0r', envoys: [] },
			load: [
				{ node: 'mesh/shop/virtualNode/a', requests: 0.1, succeeded: 0.1, failed: 0 },
				{ node: 'mesh/shop/virtualNode/c', requests: 12.2, succeeded: 11.4, failed: 0.6 },
			],
		},
		{
			...{ node: 'mesh/shop/virtualNode/c', connected: 1, settled: 1, version: 'Zk2Q8Wc1q3dYkL0r', envoys: [] },
			load: [{ node: 'mesh/shop/virtualNode/a', requests: 0.2, succeeded: 0, failed: 0 }],
		},
		{ node: 'mesh/shop/virtualNode/a', connected: 0, settled: 0, version: 'Zk2Q8Wc1q3dYkL0r', envoys: [] },
	],
};

test('the status in words, and as metrics', async () => {
	matchesGolden(controlStatusText(status), join(import.meta.dirname, 'golden/control-status.txt'));
	const requests = createRequestCounts();
	for (const [operation, code, ms] of [
		['CreateMesh', 200, 12],
		['CreateMesh', 200, 8],
		['CreateMesh', 409, 2],
		['ListMeshes', 200, 1],
		['none', 403, 1],
	] as const)
		requests.add(operation, code, ms);
	const fleet = { pushed: 2, accepted: 3, rejected: 1, lastMs: 41 };
	const text = await renderMetrics(controlMetrics, { status, fleet, requests: requests.read(), residentBytes: 1e8 });
	matchesGolden(text, join(import.meta.dirname, 'golden/control-metrics.txt'));
});

test('of an etcd that any number serve: what it says by itself, and how each of them is asked', () => {
	const at = 'etcd://10.0.0.11:2379/turnout/mesh';
	const shown = {
		store: { at, ok: true, resources: 7 },
		meshes: [
			{ name: 'simpleapp', resources: 1 },
			{ name: 'shop', resources: 6 },
		],
		changed: {
			...{ at: '2026-11-30T08:05:00.000Z', by: 'alice', operation: 'UpdateRoute', version: 2 },
			resource: 'arn:aws:appmesh:local:000000000000:mesh/simpleapp/virtualRouter/serviceB/route/serviceB-route',
		},
		mistakes: ['etcd:/turnout/mesh/simpleapp/a.yaml:3: spec: "listeners" is missing'],
	};
	const never = etcdStatusText({ store: { at, ok: true, resources: 0 }, meshes: [], mistakes: [] });
	matchesGolden(`${etcdStatusText(shown)}\n${never}`, join(import.meta.dirname, 'golden/etcd-status.txt'));
});

test('all is well only where nothing is broken, rejected or over', () => {
	const { mistakes: _, nodes: __, ...rest } = status;
	const well: ControlStatus = { ...rest, mistakes: [], nodes: [] };
	assert.equal(isWell(well), true);
	assert.equal(isWell({ ...well, mistakes: status.mistakes }), false);
	assert.equal(isWell({ ...well, nodes: status.nodes }), false);
	assert.equal(isWell({ ...well, store: { at: '/mesh', ok: false, why: 'gone' } }), false);
	assert.equal(isWell({ ...well, certificate: { subject: 'CN=a', expiresAt: '', daysLeft: -1 } }), false);
});

test('it is read from what there is: the store, the definitions and the certificate', async () => {
	using scratch = createScratch('control-status');
	const own = createAuthority(scratch.path, 'authority').issue('control', ['control.example']);
	const clock = createFakeClock(Date.now());
	const files = [{ path: 'a.json', text: '{"meshName":"m","spec":{"x":1}}' }];
	const sources = {
		...{ version: '1', since: '', listeners: [], definitions: '/mesh', clock },
		certificate: () => readFileSync(own.certificateChain, 'utf8'),
		store: createMemoryStore(),
		mesh: createCurrentMesh({ read: () => files, watch: () => undefined }, { parameters: new Map(), clock }),
		...{ nodes: () => [], refused: () => 0 },
	};
	const found = await controlStatus(sources);
	assert.deepEqual(found.store, { at: '/mesh', ok: true, resources: 0 });
	assert.match(found.mistakes.join(), /a\.json:1: spec\.x|a\.json:1: spec/);
	assert.deepEqual([found.certificate?.subject, found.certificate?.daysLeft], ['CN=control', 29]);
	const broken = await controlStatus({ ...sources, store: { list: () => Promise.reject(new Error('gone')) } });
	assert.equal(broken.store.ok, false);
});
