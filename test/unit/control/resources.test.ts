// What the API makes, shows, changes and deletes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiResources, arnIn } from '../../support/api-resources.ts';
import { type Ask, serveApi } from '../../support/served-api.ts';

async function makeAll(ask: Ask): Promise<void> {
	for (const { kind, collection, name, spec } of apiResources) {
		const { status, message } = await ask('PUT', collection, { [`${kind}Name`]: name, spec });
		assert.equal(status, 200, `${kind}: ${message}`);
	}
}

test('each resource is created, described, changed, listed and deleted', async () => {
	await using api = await serveApi();
	await makeAll(api.ask);
	const createdAt = api.clock.dateMs() / 1_000;
	await api.clock.advance(1_500);
	for (const resource of apiResources) {
		const { kind, collection, name, spec, next } = resource;
		const { body: made } = await api.ask('GET', `${collection}/${name}`);
		const { uid } = made.metadata;
		const facts = {
			arn: arnIn('123456789012', 'eu-west-1', resource),
			...{ createdAt, lastUpdatedAt: createdAt, version: 1 },
			...{ meshOwner: '123456789012', resourceOwner: '123456789012' },
		};
		assert.match(uid, /^[0-9a-f-]{36}$/);
		assert.deepEqual(made.metadata, { ...facts, uid });
		assert.deepEqual({ spec: made.spec, status: made.status }, { spec, status: { status: 'ACTIVE' } });
		const { body: changed } = await api.ask('PUT', `${collection}/${name}`, { spec: next });
		const after = { ...facts, version: 2, lastUpdatedAt: createdAt + 1.5 };
		assert.deepEqual({ metadata: changed.metadata, spec: changed.spec }, { metadata: { ...after, uid }, spec: next });
		const { body: list } = await api.ask('GET', collection);
		const plural = kind === 'mesh' ? 'meshes' : `${kind}s`;
		const names = Object.fromEntries(Object.entries(made).filter(([key]) => key.endsWith('Name')));
		assert.equal(names[`${kind}Name`], name);
		assert.deepEqual(list, { [plural]: [{ ...names, ...after }] });
	}
	for (const { collection, name, next } of apiResources.toReversed()) {
		const { body } = await api.ask('DELETE', `${collection}/${name}`);
		assert.deepEqual({ spec: body.spec, status: body.status }, { spec: next, status: { status: 'DELETED' } });
		assert.equal((await api.ask('GET', `${collection}/${name}`)).type, 'NotFoundException');
	}
	assert.deepEqual((await api.store.list()).entries, []);
});

test('each change is told with who has made it', async () => {
	await using api = await serveApi({}, { authorise: () => ({ name: 'AKIAEXAMPLE', denies: () => undefined }) });
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	await api.ask('PUT', '/meshes/m', { spec: {} });
	await api.ask('GET', '/meshes/m');
	const change = {
		level: 'info',
		event: 'resource changed',
		resource: 'arn:aws:appmesh:eu-west-1:123456789012:mesh/m',
	};
	assert.deepEqual(api.events, [
		{ ...change, operation: 'CreateMesh', by: 'AKIAEXAMPLE', version: 1 },
		{ ...change, operation: 'UpdateMesh', by: 'AKIAEXAMPLE', version: 2 },
	]);
});

test('a node may call services that are yet to be made; what does not hold together meanwhile is told', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	const spec = { backends: [{ virtualService: { virtualServiceName: 's.local' } }] };
	assert.equal((await api.ask('PUT', '/meshes/m/virtualNodes', { virtualNodeName: 'n', spec })).status, 200);
	const [told, ...more] = api.events.filter(({ level }) => level === 'warn');
	assert.deepEqual(more, []);
	assert.match(String(told?.['mistake']), /^spec\.backends\[0\].*no virtualService is called "s\.local"/);
	assert.match(String(told?.['resource']), /^arn:.*:mesh\/m\/virtualNode\/n$/);
	assert.equal(
		(await api.ask('PUT', '/meshes/m/virtualServices', { virtualServiceName: 's.local', spec: {} })).status,
		200,
	);
	assert.equal((await api.ask('DELETE', '/meshes/m/virtualServices/s.local')).status, 200);
	assert.equal(api.events.filter(({ level }) => level === 'warn').length, 2);
});

test('a change of protocol is made one resource after the other, the first of which leaves the others behind', async () => {
	await using api = await serveApi();
	await makeAll(api.ask);
	const listeners = [{ portMapping: { port: 80, protocol: 'http2' } }];
	assert.equal((await api.ask('PUT', '/meshes/m/virtualRouters/r', { spec: { listeners } })).status, 200);
	assert.ok(api.events.some(({ level, mistake }) => level === 'warn' && /http2/.test(String(mistake))));
	const wrong = await api.ask('PUT', '/meshes/m/virtualRouter/r/routes/all', { spec: apiResources[3]?.next });
	assert.equal(wrong.type, 'BadRequestException');
	assert.match(wrong.message, /^spec\.httpRoute.*http2/);
});

test('a spec of null, or none, is that of a mesh without one', async () => {
	await using api = await serveApi();
	assert.deepEqual((await api.ask('PUT', '/meshes', { meshName: 'a', spec: null, tags: null })).body.spec, {});
	assert.deepEqual((await api.ask('PUT', '/meshes/a', '')).body.spec, {});
	const spec = { egressFilter: { type: 'DROP_ALL' }, serviceDiscovery: null };
	assert.deepEqual((await api.ask('PUT', '/meshes/a', { spec })).body.spec, { egressFilter: { type: 'DROP_ALL' } });
});

test('a request that is sent twice with one clientToken is carried out once', async () => {
	await using api = await serveApi();
	const create = { meshName: 'm', clientToken: 'one' };
	const replies = await Promise.all([1, 2, 3].map(() => api.ask('PUT', '/meshes', create)));
	assert.equal(new Set(replies.map(({ body }) => body.metadata.uid)).size, 1);
	const update = { spec: { egressFilter: { type: 'ALLOW_ALL' } }, clientToken: 'two' };
	for (let sent = 0; sent < 2; sent += 1)
		assert.equal((await api.ask('PUT', '/meshes/m', update)).body.metadata.version, 2);
	const other = await api.ask('PUT', '/meshes/m', { ...update, spec: {} });
	assert.deepEqual([other.status, other.type], [409, 'ConflictException']);
	assert.match(other.message, /clientToken was used before/);
	const failed = { virtualNodeName: 'n', spec: {}, clientToken: 'three' };
	assert.equal((await api.ask('PUT', '/meshes/later/virtualNodes', failed)).type, 'NotFoundException');
	await api.ask('PUT', '/meshes', { meshName: 'later' });
	assert.equal((await api.ask('PUT', '/meshes/later/virtualNodes', failed)).status, 200);
});

test('who is slower than somebody else reads again, and tries again', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	const [entry] = (await api.store.list()).entries;
	assert.ok(entry);
	api.store.before = () => {
		api.store.before = () => undefined;
		void api.store.put({ ...entry, metadata: { ...entry.metadata, version: 10 } }, entry.revision);
	};
	assert.equal((await api.ask('PUT', '/meshes/m', {})).body.metadata.version, 11);
});
