import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import type { DefinitionFile } from '../../../src/mesh/load-mesh.ts';
import { createMeshWorld, deliverMesh, type MeshWorld } from '../../support/delivered-mesh.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

const eventsOf = ({ logged }: MeshWorld) => logged.map(({ event }) => event);
/** As long as a half-written file is waited for. */
const SAVE_MS = 150;

/** With one file broken: its bracket is never closed. */
const broken = (): DefinitionFile[] =>
	guideFiles().map((file, at) => (at === 5 ? { ...file, text: file.text.slice(0, -2) } : file));

test('an Envoy gets what the definitions say, and is configured once it has accepted all of it', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	assert.equal(mesh.delivery.missing(), 'it has not asked for its configuration');
	const envoy = mesh.connect();
	assert.deepEqual(envoy.names('lds'), ['lds_egress_0.0.0.0_15001', 'lds_ingress_0.0.0.0_15000']);
	assert.deepEqual([mesh.delivery.missing(), mesh.delivery.rejected()], ['', '']);
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
	const { node, connected, settled, acceptedMs } = mesh.delivery.status();
	assert.deepEqual([node, connected, settled, acceptedMs], ['mesh/simpleapp/virtualNode/serviceA', 1, 1, 0]);
	assert.deepEqual(eventsOf(world), ['mesh pushed', 'envoy connected to the mesh', 'mesh accepted']);
});

test('what Envoy has accepted is on the disk before it is told', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	mesh.connect();
	mesh.settle();
	const told = world.logged.find(({ event }) => event === 'mesh accepted');
	assert.ok(told !== undefined);
	assert.equal(told.stored, world.stored);
	assert.notEqual(told.stored, '');
});

test('what is saved is pushed; what is saved again as it was is not', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	world.files = guideFiles([50, 50]);
	mesh.saved();
	assert.deepEqual(envoy.responses, ['rds 2']);
	mesh.saved();
	assert.deepEqual(envoy.responses, ['rds 2']);
	assert.deepEqual(mesh.counters.read().meshPushes, { pushed: 2, mistaken: 0, rejected: 0 });
});

test('a save with a mistake changes nothing, is told with file and line, and is over with the next good one', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	world.files = broken();
	mesh.saved();
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true }, 'the file may be half written');
	await world.clock.advance(SAVE_MS);
	const fact = mesh.delivery.fact();
	assert.match(fact.ok ? '' : fact.why, /^The definitions have .*mistake.*: 5\.json:\d+: /);
	assert.deepEqual(envoy.responses, []);
	assert.deepEqual(mesh.counters.read().meshPushes, { pushed: 1, mistaken: 1, rejected: 0 });
	world.files = guideFiles();
	mesh.saved();
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
});

test('a file that is half written when it is noticed is no mistake', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	world.files = broken();
	mesh.saved();
	world.files = guideFiles([50, 50]);
	envoy.responses.length = 0;
	await world.clock.advance(SAVE_MS);
	mesh.settle();
	assert.deepEqual(envoy.responses, ['rds 2']);
	assert.equal(mesh.counters.read().meshPushes.mistaken, 0);
});

test('definitions that vanish change nothing, and it is told', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	world.files = undefined;
	mesh.saved();
	await world.clock.advance(SAVE_MS);
	const fact = mesh.delivery.fact();
	assert.match(fact.ok ? '' : fact.why, /^Cannot read the definitions/);
	assert.deepEqual(envoy.responses, []);
	await assert.rejects(mesh.delivery.reload(), /Cannot read the definitions/);
});

test('what Envoy rejects is taken back, and told in its own words with the files that have changed', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	const [before, routes] = [world.stored, envoy.versions.rds];
	envoy.judge = (kind, _names, version) => (kind === 'rds' && version !== routes ? 'no such weight' : undefined);
	world.files = guideFiles([40, 60]);
	mesh.saved();
	const fact = mesh.delivery.fact();
	assert.equal(fact.ok ? '' : fact.why, 'Envoy rejects it: no such weight; changed since what it has: 5.json');
	assert.equal(envoy.versions.rds, routes);
	assert.equal(world.stored, before);
	assert.deepEqual([mesh.delivery.rejected(), mesh.delivery.missing()], ['', ''], 'it goes on with what it has');
	assert.equal(mesh.counters.read().meshPushes.rejected, 1);
	world.files = guideFiles([30, 70]);
	envoy.judge = () => undefined;
	mesh.saved();
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
	assert.notEqual(world.stored, before);
});

test('a first configuration that Envoy rejects is why it cannot start', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	mesh.connect({}, (kind) => (kind === 'lds' ? 'no such filter' : undefined));
	assert.equal(mesh.delivery.rejected(), 'no such filter');
	assert.notEqual(mesh.delivery.missing(), '');
	assert.equal(world.stored, '');
});

test('an Envoy that has left is not waited for', () => {
	const mesh = deliverMesh(createMeshWorld());
	mesh.delivery.start();
	mesh.connect();
	const draining = mesh.connect({}, () => 'it is too old');
	assert.notEqual(mesh.delivery.missing(), '');
	draining.leave();
	assert.equal(mesh.delivery.missing(), '');
});

test('after a restart an Envoy that has all of it already is sent nothing', () => {
	const world = createMeshWorld();
	const first = deliverMesh(world);
	first.delivery.start();
	const { versions } = first.connect();
	const second = deliverMesh(world);
	second.delivery.start();
	const envoy = second.connect(versions);
	assert.deepEqual(envoy.responses, []);
	assert.equal(second.delivery.missing(), '');
});

test('a daemon that starts with mistakes in the definitions serves what Envoy had accepted, and tells them', () => {
	const world = createMeshWorld();
	const first = deliverMesh(world);
	first.delivery.start();
	first.connect();
	world.files = broken();
	const second = deliverMesh(world);
	second.delivery.start();
	const envoy = second.connect();
	assert.equal(envoy.names('rds').length, 2);
	assert.equal(second.delivery.fact().ok, false);
	const nothing = deliverMesh({ ...createMeshWorld(broken()) });
	assert.throws(() => nothing.delivery.start(), /The definitions have .*mistake/);
});

test('what Envoy has accepted of another node is not served to this one', () => {
	const world = createMeshWorld();
	world.stored = '{"node":"mesh/simpleapp/virtualNode/serviceB","snapshot":{"cds":{},"eds":{},"lds":{},"rds":{}}}';
	world.files = broken();
	assert.throws(() => deliverMesh(world).delivery.start(), /The definitions have .*mistake/);
});

test('while etcd is away Envoy keeps what it has, which status says, also of a daemon that starts then', () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	mesh.connect();
	mesh.settle();
	assert.equal(mesh.delivery.status().followed, true);
	world.away = new Failure('state', 'Cannot follow etcd://a/t: nobody answers', 'See whether it runs');
	mesh.saved();
	const told = {
		...{ subject: 'mesh', ok: false, remedy: 'See whether it runs' },
		why: 'Cannot follow etcd://a/t: nobody answers; Envoy keeps what it has',
	};
	assert.deepEqual(mesh.delivery.fact(), told);
	assert.equal(mesh.delivery.status().followed, false);
	world.files = undefined;
	const next = deliverMesh(world);
	next.delivery.start();
	assert.deepEqual(next.connect().names('lds'), ['lds_egress_0.0.0.0_15001', 'lds_ingress_0.0.0.0_15000']);
	assert.deepEqual(next.delivery.fact(), told);
	Object.assign(world, { files: guideFiles(), away: undefined });
	next.saved();
	assert.deepEqual(next.delivery.fact(), { subject: 'mesh', ok: true });
});
