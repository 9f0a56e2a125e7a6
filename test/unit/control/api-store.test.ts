// The meshes behind the API, as a store.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { canonicalResources } from '../../../src/mesh/canonical.ts';
import type { Resource } from '../../../src/mesh/resource.ts';
import type { Kind } from '../../../src/mesh/schema/kinds.ts';
import { type CallApi, createApiStore } from '../../../src/store/api-store.ts';
import { firstVersion } from '../../../src/store/versions.ts';
import { everyField } from '../../support/every-field.ts';
import { imported } from '../../support/imported-resources.ts';
import { serveApi } from '../../support/served-api.ts';

type Api = Awaited<ReturnType<typeof serveApi>>;

const callOf =
	({ ask }: Api): CallApi =>
	async (method, target, body) => {
		const { status, type, message, body: reply } = await ask(method, target.replace('/v20190125', ''), body);
		if (status === 200) return reply;
		throw new Failure('config', `${type}: ${message}`, '');
	};

const stored = (resource: Resource) => ({ resource, tags: [{ key: 'a', value: 'b' }], metadata: firstVersion(0) });

const placeOf = (path: string) => ({ file: 'test', line: 1, path });
const resourceOf = (kind: Kind, name: string, parent = '', spec: object = {}): Resource =>
	({ kind, mesh: kind === 'mesh' ? name : 'm', name, parent, spec, placeOf }) as Resource;

test('every field of App Mesh comes back as it was put', async () => {
	await using api = await serveApi();
	const store = createApiStore(callOf(api));
	const resources = imported(everyField());
	for (const resource of resources) assert.equal(await store.put(stored(resource)), 'done');
	const { entries, errors } = await store.list();
	assert.deepEqual(errors, []);
	assert.deepEqual(canonicalResources(entries.map(({ resource }) => resource)), canonicalResources(resources));
});

test('more than a page of names, and names of all kinds, are all listed', async () => {
	await using api = await serveApi({});
	const store = createApiStore(callOf(api));
	const names = [...Array.from({ length: 130 }, (_, at) => `n${at}`), 'ü', "it's (one)!*", 'a b', '%2e', '$X'];
	await store.put(stored(resourceOf('mesh', 'm')));
	for (const name of names) await store.put(stored(resourceOf('virtualNode', name)));
	await store.put(
		stored(resourceOf('virtualRouter', 'r (1)', '', { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] })),
	);
	const { entries } = await store.list();
	const found = entries.filter(({ resource }) => resource.kind === 'virtualNode').map(({ resource }) => resource.name);
	assert.deepEqual(found.toSorted(), names.toSorted());
});

test('what somebody else has changed meanwhile is left as it is', async () => {
	await using api = await serveApi();
	const store = createApiStore(callOf(api));
	await store.put(stored(resourceOf('mesh', 'm')));
	const [entry] = (await store.list()).entries;
	assert.ok(entry);
	await api.ask('PUT', '/meshes/m', { spec: { egressFilter: { type: 'ALLOW_ALL' } } });
	assert.equal(await store.put(entry, entry.revision), 'outdated');
	assert.equal(await store.remove(entry.resource, entry.revision), 'outdated');
	assert.deepEqual((await api.ask('GET', '/meshes/m')).body.spec, { egressFilter: { type: 'ALLOW_ALL' } });
	const [now] = (await store.list()).entries;
	assert.equal(await store.remove(now?.resource ?? assert.fail(), now?.revision ?? ''), 'done');
	assert.deepEqual((await store.list()).entries, []);
});

test('something else that answers is told as such', async () => {
	const store = createApiStore(async () => ({ hello: 'world' }));
	await assert.rejects(
		store.list(),
		/Cannot read the meshes: what answers is not App Mesh's API, as it lists no meshes/,
	);
});
