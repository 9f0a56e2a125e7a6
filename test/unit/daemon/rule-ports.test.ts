import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionFile } from '../../../src/mesh/load-mesh.ts';
import { createMeshWorld, deliverMesh } from '../../support/delivered-mesh.ts';
import { settled } from '../../support/fake-clock.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

/** The application of this node is called on another port. */
const movedTo = (port: number, weights: readonly [number, number] = [90, 10]): DefinitionFile[] =>
	guideFiles(weights).map((file) => ({
		...file,
		text: /"virtualNodeName": "serviceA"/.test(file.text)
			? file.text.replace('"port": 80', `"port": ${port}`)
			: file.text,
	}));

function startMesh() {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	return { world, mesh, envoy };
}

/** A change of the rules that ends when it is told to. */
function heldChange() {
	const held = Promise.withResolvers<void>();
	return { follow: () => held.promise, ...held };
}

test('the rules let a port go before Envoy does, and lead to a new one once Envoy answers on it', async () => {
	const { world, mesh, envoy } = startMesh();
	assert.deepEqual(mesh.delivery.ports(), [80]);
	const { follow, resolve } = heldChange();
	mesh.follow = follow;
	world.files = movedTo(8080);
	mesh.saved();
	await settled();
	assert.deepEqual(mesh.ruleChanges, ['']);
	assert.deepEqual(envoy.responses, [], 'the rules still lead to the port');
	mesh.follow = async () => undefined;
	resolve();
	await settled();
	mesh.settle();
	assert.notDeepEqual(envoy.responses, []);
	assert.deepEqual(mesh.ruleChanges, ['', '8080']);
	assert.deepEqual(mesh.delivery.ports(), [8080]);
	mesh.saved();
	assert.equal(mesh.ruleChanges.length, 2);
});

test('a port that comes back before the rules have let it go stays', async () => {
	const { world, mesh, envoy } = startMesh();
	const { follow, resolve } = heldChange();
	mesh.follow = follow;
	world.files = movedTo(8080);
	mesh.saved();
	world.files = guideFiles();
	mesh.saved();
	mesh.follow = async () => undefined;
	resolve();
	await settled();
	mesh.settle();
	assert.deepEqual(envoy.responses, [], 'Envoy was never told of the other one');
	assert.equal(mesh.ruleChanges.at(-1), '80');
	assert.deepEqual(mesh.delivery.ports(), [80]);
});

test('of two changes that wait for the rules only the later one is pushed', async () => {
	const { world, mesh, envoy } = startMesh();
	const { follow, resolve } = heldChange();
	mesh.follow = follow;
	world.files = movedTo(8080);
	mesh.saved();
	world.files = movedTo(9090, [40, 60]);
	mesh.saved();
	mesh.follow = async () => undefined;
	resolve();
	await settled();
	mesh.settle();
	assert.equal(mesh.counters.read().meshPushes.pushed, 2);
	assert.deepEqual(mesh.delivery.ports(), [9090]);
	assert.ok(envoy.responses.length > 0);
});

test('where the rules cannot let a port go, Envoy keeps it, it is told, and the next look tries again', async () => {
	const { world, mesh, envoy } = startMesh();
	mesh.follow = () => Promise.reject(new Error('the xtables lock is held'));
	world.files = movedTo(8080);
	mesh.saved();
	await settled();
	assert.deepEqual(envoy.responses, []);
	const fact = mesh.delivery.fact();
	assert.match(fact.ok ? '' : fact.why, /the xtables lock is held/);
	assert.deepEqual(mesh.delivery.ports(), [80]);
	mesh.follow = async () => undefined;
	mesh.saved();
	await settled();
	mesh.settle();
	assert.deepEqual(mesh.delivery.ports(), [8080]);
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
});

test('ports that Envoy rejects are given back to the rules', async () => {
	const { world, mesh, envoy } = startMesh();
	const { lds } = envoy.versions;
	envoy.judge = (kind, _names, version) => (kind === 'lds' && version !== lds ? 'no' : undefined);
	world.files = movedTo(8080);
	mesh.saved();
	await settled();
	mesh.settle();
	await settled();
	assert.deepEqual(mesh.ruleChanges, ['', '80']);
	assert.deepEqual(mesh.delivery.ports(), [80]);
});
