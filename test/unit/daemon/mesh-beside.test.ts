// What a daemon does with mistakes that are none of its node's.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionFile } from '../../../src/mesh/load-mesh.ts';
import { createMeshWorld, deliverMesh, type MeshWorld } from '../../support/delivered-mesh.ts';
import { guideFiles, guideResources } from '../../support/guide-mesh.ts';

const SAVE_MS = 150;
const meshName = 'simpleapp';

const theirs = (virtualNode: string): DefinitionFile => ({
	path: 'theirs.json',
	text: JSON.stringify([
		{ meshName, virtualRouterName: 'theirs', spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] } },
		{
			...{ meshName, virtualRouterName: 'theirs', routeName: 'theirs' },
			spec: { httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode, weight: 1 }] } } },
		},
	]),
});

const notesIn = ({ logged }: MeshWorld) =>
	logged.flatMap(({ event, fields }) => (event === 'the mesh is not whole' ? [fields['note']] : []));

test('a mistake in what this node does not reach is told once, and what is saved beside it is pushed', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	for (const weights of [
		[50, 50],
		[40, 60],
	] as const) {
		world.files = [...guideFiles(weights), theirs('gone')];
		mesh.saved();
	}
	await world.clock.advance(SAVE_MS);
	assert.deepEqual(envoy.responses, ['rds 2', 'rds 2']);
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
	const note = 'a mistake in what other nodes have: see turnout mesh check';
	assert.deepEqual([notesIn(world), mesh.delivery.status().notes], [[note], [note]]);
	assert.equal(mesh.counters.read().meshPushes.mistaken, 0);
	world.files = [...guideFiles([40, 60]), theirs('serviceB')];
	mesh.saved();
	assert.equal(mesh.delivery.status().notes, undefined);
});

test("a file of another team's that cannot be parsed any more holds up nothing here", async () => {
	const world = createMeshWorld([...guideFiles(), theirs('serviceB')]);
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	world.files = [...guideFiles([50, 50]), { path: 'theirs.json', text: '[{' }];
	mesh.saved();
	await world.clock.advance(SAVE_MS);
	assert.deepEqual(envoy.responses, ['rds 2']);
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
});

test('a daemon that starts beside a mistake of others gives its Envoy all of it', () => {
	const world = createMeshWorld([...guideFiles(), theirs('gone')]);
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	assert.equal(mesh.connect().names('rds').length, 2);
});

test('a service that is gone leaves out a backend, and no more; it is told with file and line', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	const service = guideResources().findIndex((each) => 'virtualServiceName' in each);
	world.files = guideFiles().filter((_, at) => at !== service);
	mesh.saved();
	await world.clock.advance(SAVE_MS);
	assert.deepEqual(mesh.delivery.fact(), { subject: 'mesh', ok: true });
	assert.match(
		String(mesh.delivery.status().notes),
		/^a backend is left out: 1\.json:\d+: spec\.backends\[0\]\.virtualService\.virtualServiceName: no virtualService is called "serviceB\.simpleapp\.local"; /,
	);
	world.files = guideFiles();
	mesh.saved();
	assert.equal(envoy.names('rds').length, 2);
	assert.equal(mesh.delivery.status().notes, undefined);
});

test('what is missing of this node itself holds it up, whoever has deleted it', async () => {
	const world = createMeshWorld();
	const mesh = deliverMesh(world);
	mesh.delivery.start();
	const envoy = mesh.connect();
	envoy.responses.length = 0;
	world.files = guideFiles().filter((_, at) => at !== 4);
	mesh.saved();
	await world.clock.advance(SAVE_MS);
	const fact = mesh.delivery.fact();
	assert.match(fact.ok ? '' : fact.why, /no virtualRouter is called "serviceB"/);
	assert.deepEqual(envoy.responses, []);
});
