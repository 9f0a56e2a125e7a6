import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeshWorld, deliverMesh } from '../../support/delivered-mesh.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

test('what Envoy rejects is not pushed again while the definitions stay as they are, but when somebody asks for it', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	const routes = envoy.versions.rds;
	envoy.judge = (kind, _n, version) => (kind === 'rds' && version !== routes ? 'no such weight' : undefined);
	world.files = guideFiles([40, 60]);
	mesh.saved();
	const { pushed } = mesh.counters.read().meshPushes;
	envoy.responses.length = 0;
	mesh.saved();
	mesh.saved();
	assert.deepEqual([envoy.responses, mesh.counters.read().meshPushes.pushed], [[], pushed]);
	void mesh.delivery.reload();
	assert.equal(mesh.counters.read().meshPushes.pushed, pushed + 1);
});

test('a second event of the same save, before Envoy has answered, does not lose its acceptance', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	mesh.connect();
	const before = world.stored;
	world.files = guideFiles([40, 60]);
	void mesh.delivery.reload();
	void mesh.delivery.reload();
	mesh.settle();
	assert.notEqual(world.stored, before);
});

test('after a restart with the same definitions, a rejection names only what has changed, and the age is known', () => {
	const world = createMeshWorld();
	const first = deliverMesh(world);
	first.delivery.start();
	const { versions } = first.connect();
	const second = deliverMesh(world);
	second.delivery.start();
	const envoy = second.connect();
	assert.notEqual(second.delivery.status().acceptedAt, undefined);
	envoy.judge = (kind, _n, version) => (kind === 'rds' && version !== versions.rds ? 'no' : undefined);
	world.files = guideFiles([40, 60]);
	second.saved();
	const fact = second.delivery.fact();
	assert.equal(fact.ok ? '' : fact.why, 'Envoy rejects it: no; changed since what it has: 5.json');
});

test('a second Envoy that rejects (an update) and leaves is forgotten: the first goes on, and can be restarted', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	mesh.connect();
	const other = mesh.connect({}, (kind) => (kind === 'lds' ? 'unknown field' : undefined));
	assert.equal(mesh.delivery.rejected(), 'unknown field');
	other.leave();
	assert.equal(mesh.delivery.rejected(), '');
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
});

test('a connection that asks for nothing holds up nobody', () => {
	const mesh = deliverMesh(createMeshWorld());
	mesh.delivery.start();
	mesh.connect();
	mesh.delivery.open(() => true);
	assert.equal(mesh.delivery.missing(), '');
});

test('an Envoy of another node does not get this configuration, and is not counted', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const sent: Uint8Array[] = [];
	const { receive } = mesh.delivery.open((bytes) => sent.push(bytes) > 0);
	assert.throws(
		() =>
			receive(
				Buffer.from(
					JSON.stringify({
						typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
						versionInfo: '',
						responseNonce: '',
						resourceNames: [],
						nodeId: 'mesh/simpleapp/virtualNode/serviceB',
					}),
				),
			),
		/another node/,
	);
	const why = 'it is "mesh/simpleapp/virtualNode/serviceB", another node';
	assert.equal(mesh.delivery.missing(), `it asked for its configuration, but ${why}`);
	assert.partialDeepStrictEqual(world.logged.at(-1), {
		event: 'envoy was refused its configuration',
		fields: { why },
	});
	assert.equal(sent.length, 0);
	mesh.connect();
	assert.equal(mesh.delivery.missing(), '');
});

const ALLOW_ALL = '{"meshName":"simpleapp","spec":{"egressFilter":{"type":"ALLOW_ALL"}}}';

test('an Envoy that has more than a killed daemon wrote down keeps it, also where it connects before the next one has started', () => {
	const world = createMeshWorld();
	const first = deliverMesh(world);
	first.delivery.start();
	const envoy = first.connect();
	const { stored } = world;
	world.files = [...guideFiles().slice(1), { path: 'mesh.json', text: ALLOW_ALL }];
	first.saved();
	assert.notEqual(world.stored, stored);
	world.stored = stored;
	const second = deliverMesh(world);
	assert.deepEqual(second.connect(envoy.versions).responses, []);
	second.delivery.start();
	assert.equal(second.delivery.missing(), '');
});
