// Lists in pages, and tags.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuotas } from '../../../src/control/quotas.ts';
import { type Ask, serveApi } from '../../support/served-api.ts';

const services = '/meshes/m/virtualServices';

async function pagesOf(ask: Ask, limit: number | undefined): Promise<readonly string[][]> {
	const pages: string[][] = [];
	for (let token: string | undefined = ''; token !== undefined; ) {
		const query = [...(limit === undefined ? [] : [`limit=${limit}`]), ...(token === '' ? [] : [`nextToken=${token}`])];
		const { body } = await ask('GET', `${services}?${query.join('&')}`);
		pages.push(body.virtualServices.map(({ virtualServiceName: name }: { virtualServiceName: string }) => name));
		token = body.nextToken;
	}
	return pages;
}

const nameOf = (at: number) => `${at}`.padStart(4, '0');

test('of 250 services each is in one page, also while others are made and deleted', async () => {
	await using api = await serveApi({ quotas: parseQuotas('virtualServices=1000') });
	await api.ask('PUT', '/meshes', { meshName: 'm' });
	for (let at = 249; at >= 0; at -= 1) await api.ask('PUT', services, { virtualServiceName: nameOf(at), spec: {} });
	const wanted = Array.from({ length: 250 }, (_, at) => nameOf(at));
	for (const [limit, lengths] of [
		[undefined, [100, 100, 50]],
		[50, [50, 50, 50, 50, 50]],
		[99, [99, 99, 52]],
	] as const) {
		const pages = await pagesOf(api.ask, limit);
		assert.deepEqual(
			pages.map(({ length }) => length),
			lengths,
		);
		assert.deepEqual(pages.flat(), wanted);
	}
	const { body } = await api.ask('GET', `${services}?limit=10`);
	await api.ask('DELETE', `${services}/0009`);
	await api.ask('PUT', services, { virtualServiceName: '0000a', spec: {} });
	const { body: rest } = await api.ask('GET', `${services}?limit=1&nextToken=${body.nextToken}`);
	assert.equal(rest.virtualServices[0].virtualServiceName, '0010');
});

test('tags are added, replaced, listed in pages and taken away, and change no version', async () => {
	await using api = await serveApi();
	const tags = [
		{ key: 'b', value: '1' },
		{ key: 'a', value: '' },
	];
	await api.ask('PUT', '/meshes', { meshName: 'm', tags });
	const query = `resourceArn=${encodeURIComponent('arn:aws:appmesh:eu-west-1:123456789012:mesh/m')}`;
	const listed = async (more = '') => (await api.ask('GET', `/tags?${query}${more}`)).body;
	assert.deepEqual(await listed(), { tags: tags.toReversed() });
	const reply = await api.ask('PUT', `/tag?${query}`, {
		tags: [
			{ key: 'b', value: '2' },
			{ key: 'c', value: '3' },
		],
	});
	assert.deepEqual([reply.status, reply.body], [200, {}]);
	const { tags: first, nextToken } = await listed('&limit=2');
	assert.deepEqual(first, [
		{ key: 'a', value: '' },
		{ key: 'b', value: '2' },
	]);
	assert.deepEqual(await listed(`&limit=2&nextToken=${nextToken}`), { tags: [{ key: 'c', value: '3' }] });
	assert.deepEqual((await api.ask('PUT', `/untag?${query}`, { tagKeys: ['a', 'c', 'nothing'] })).body, {});
	assert.deepEqual(await listed(), { tags: [{ key: 'b', value: '2' }] });
	await api.ask('PUT', '/meshes/m', {});
	assert.deepEqual(await listed(), { tags: [{ key: 'b', value: '2' }] });
	assert.equal((await api.ask('GET', '/meshes/m')).body.metadata.version, 2);
});

test('a list has what is below its own mesh and router only', async () => {
	await using api = await serveApi();
	const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
	for (const meshName of ['a', 'b']) {
		await api.ask('PUT', '/meshes', { meshName });
		for (const virtualRouterName of ['x', 'y'])
			await api.ask('PUT', `/meshes/${meshName}/virtualRouters`, { virtualRouterName, spec: { listeners } });
	}
	await api.ask('PUT', '/meshes/a/virtualNodes', {
		virtualNodeName: 'n',
		spec: { listeners, serviceDiscovery: { dns: { hostname: 'n.local' } } },
	});
	const httpRoute = { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode: 'n', weight: 1 }] } };
	assert.equal(
		(await api.ask('PUT', '/meshes/a/virtualRouter/x/routes', { routeName: 'r', spec: { httpRoute } })).status,
		200,
	);
	assert.equal((await api.ask('GET', '/meshes/a/virtualRouter/x/routes')).body.routes.length, 1);
	assert.deepEqual((await api.ask('GET', '/meshes/a/virtualRouter/y/routes')).body, { routes: [] });
	assert.deepEqual((await api.ask('GET', '/meshes/b/virtualNodes')).body, { virtualNodes: [] });
	assert.equal((await api.ask('GET', '/meshes')).body.meshes.length, 2);
});
