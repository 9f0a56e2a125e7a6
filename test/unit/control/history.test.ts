// What is recorded of each change, and what happens where it cannot be.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { apiResources, arnIn } from '../../support/api-resources.ts';
import { serveApi } from '../../support/served-api.ts';

test('each change is recorded with who has made it, and with the resource before and after it', async () => {
	await using api = await serveApi({}, { authorise: () => ({ name: 'alice', denies: () => undefined }) });
	for (const resource of apiResources) {
		const { kind, collection, name, spec, next } = resource;
		await api.ask('PUT', collection, { [`${kind}Name`]: name, spec });
		const { body: made } = await api.ask('GET', `${collection}/${name}`);
		await api.ask('PUT', `${collection}/${name}`, { spec: next });
		const { body: changed } = await api.ask('GET', `${collection}/${name}`);
		const [second, first] = await api.history.latest(2);
		const what = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
		const same = {
			at: new Date(api.clock.dateMs()).toISOString(),
			by: 'alice',
			resource: arnIn('123456789012', 'eu-west-1', resource),
		};
		assert.deepEqual(first, { ...same, operation: `Create${what}`, version: 1, before: undefined, after: made });
		assert.deepEqual(second, { ...same, operation: `Update${what}`, version: 2, before: made, after: changed });
	}
	for (const { collection, name } of apiResources.toReversed()) {
		const { body: before } = await api.ask('GET', `${collection}/${name}`);
		await api.ask('DELETE', `${collection}/${name}`);
		const [{ version, after, ...event } = assert.fail()] = await api.history.latest(1);
		assert.deepEqual([event.before, version, after], [before, undefined, undefined]);
	}
	assert.equal((await api.history.latest(100)).length, apiResources.length * 3);
});

test('tags are recorded as well; what was refused, or only read, is not', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm', tags: [{ key: 'a', value: '1' }] });
	const resource = 'arn:aws:appmesh:eu-west-1:123456789012:mesh/m';
	await api.ask('PUT', `/tag?resourceArn=${resource}`, { tags: [{ key: 'a', value: '2' }] });
	const [tagged] = await api.history.latest(1);
	const tagsIn = (side: unknown) => (side as { readonly tags?: unknown }).tags;
	assert.equal(tagged?.operation, 'TagResource');
	assert.deepEqual(tagsIn(tagged?.before), [{ key: 'a', value: '1' }]);
	assert.deepEqual(tagsIn(tagged?.after), [{ key: 'a', value: '2' }]);
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	await api.ask('GET', '/meshes/m');
	await api.ask('PUT', '/meshes/m', { spec: { egress: {} } });
	assert.equal((await api.history.latest(100)).length, 2);
});

test('the log names what has changed', async () => {
	await using api = await serveApi();
	for (const { kind, collection, name, spec } of apiResources.slice(0, 4))
		await api.ask('PUT', collection, { [`${kind}Name`]: name, spec });
	await api.ask('PUT', '/meshes/m/virtualRouter/r/routes/all', { spec: apiResources[3]?.next });
	const last = api.events.findLast(({ event }) => event === 'resource changed');
	assert.equal(last?.['changed'], 'spec.httpRoute.action.weightedTargets[0].weight');
});

test('a change that cannot be recorded is not acknowledged, and nothing is changed until it is recorded', async () => {
	await using api = await serveApi();
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	api.history.refusal = new Failure('state', 'Cannot write the history /h: its disk is full', 'Free some space');
	const made = await api.ask('PUT', '/meshes/m', { spec: { egressFilter: { type: 'ALLOW_ALL' } } });
	assert.deepEqual([made.status, made.type], [503, 'ServiceUnavailableException']);
	assert.match(
		made.message,
		/^it was changed, and that cannot be recorded, .*: Cannot write the history \/h: its disk is full; Free/,
	);
	const unrecorded = api.events.find(({ event }) => event === 'a change is not recorded');
	assert.deepEqual(
		[unrecorded?.['level'], unrecorded?.['operation'], unrecorded?.['by']],
		['error', 'UpdateMesh', 'anyone on this host'],
	);
	const refused = await api.ask('PUT', '/meshes', { meshName: 'n' });
	assert.deepEqual([refused.status, refused.type], [503, 'ServiceUnavailableException']);
	assert.match(refused.message, /^nothing is changed until the last change is recorded/);
	assert.equal((await api.ask('GET', '/meshes/n')).type, 'NotFoundException');
	assert.deepEqual((await api.ask('GET', '/meshes/m')).body.spec, { egressFilter: { type: 'ALLOW_ALL' } });
	api.history.refusal = undefined;
	assert.equal((await api.ask('PUT', '/meshes', { meshName: 'n' })).status, 200);
	const operations = (await api.history.latest(10)).map(({ operation }) => operation);
	assert.deepEqual(operations, ['CreateMesh', 'UpdateMesh', 'CreateMesh']);
});
