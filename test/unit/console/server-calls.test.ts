import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CallFailure, createServerCalls, requestOf } from '../../../src/console/server-calls.ts';
import type { ResourceKey } from '../../../src/mesh/resource.ts';

import { apiResources } from '../../support/api-resources.ts';
import { serveApi } from '../../support/served-api.ts';

test('what the page asks of the API the API understands, for each of the seven resources', async () => {
	await using api = await serveApi();
	const ask = async (change: Parameters<typeof requestOf>[0]) => {
		const { method, target, body } = requestOf(change);
		const { status, message } = await api.ask(method, target.replace('/v20190125', ''), body ?? '');
		assert.equal(status, 200, `${method} ${target}: ${message}`);
	};
	const keyed = apiResources.map(({ kind, collection, name, ...more }) => {
		const parent = /virtual(?:Router|Gateway)\/(\w+)\//.exec(collection)?.[1] ?? '';
		const key: ResourceKey = { kind, mesh: 'm', parent, name };
		return { key, ...more };
	});
	for (const { key, spec } of keyed) await ask({ verb: 'create', key, spec, tags: [{ key: 'team', value: 'shop' }] });
	for (const { key, next } of keyed) await ask({ verb: 'update', key, spec: next, ifRevision: '' });
	const arn = 'arn:aws:appmesh:eu-west-1:123456789012:mesh/m';
	await ask({ verb: 'tag', arn, tags: [{ key: 'a', value: 'b' }] });
	await ask({ verb: 'untag', arn, tagKeys: ['a', 'team'] });
	for (const { key } of keyed.toReversed()) await ask({ verb: 'delete', key, ifRevision: '' });
	assert.equal((await api.store.list()).entries.length, 0);
});

test('a name with a slash, a dot or a question mark is one part of the path', () => {
	const key: ResourceKey = { kind: 'route', mesh: 'a/b', parent: '..', name: '?x=1#' };
	assert.equal(
		requestOf({ verb: 'delete', key, ifRevision: '1' }).target,
		'/v20190125/meshes/a%2Fb/virtualRouter/../routes/%3Fx%3D1%23',
	);
});

test('no answer, an answer that is no JSON, and a refusal are told apart', async () => {
	const failureOf = async (fetched: typeof fetch) => {
		const error = await createServerCalls(fetched)
			.state()
			.catch((found: unknown) => found);
		assert.ok(error instanceof CallFailure);
		return [error.status, error.message];
	};
	assert.deepEqual(await failureOf(async () => Promise.reject(new TypeError('failed'))), [
		0,
		'turnout control does not answer; is it running?',
	]);
	assert.deepEqual(await failureOf(async () => new Response('<html>', { status: 502 })), [502, 'it answers with 502']);
	const refused = { __type: 'ForbiddenException', message: 'no policy of this key allows it' };
	assert.deepEqual(await failureOf(async () => Response.json(refused, { status: 403 })), [403, refused.message]);
});

test('what a turnout control that was started again refuses is asked once more with its new token, and nothing else is', async () => {
	const asked: string[] = [];
	let current = 'second';
	const fetched = (async (input, init) => {
		const given = new Headers(init?.headers).get('x-turnout-csrf-token');
		asked.push(`${init?.method ?? 'GET'} ${String(input).split('?')[0]} ${given}`);
		if (input === 'session') return Response.json({ user: 'anyone', csrfToken: current, hasKeys: false });
		if (given === 'second') return Response.json({});
		return Response.json({ __type: 'ForbiddenException', message: 'no' }, { status: 403 });
	}) as typeof fetch;
	const server = createServerCalls(fetched);
	const key: ResourceKey = { kind: 'mesh', mesh: 'm', parent: '', name: 'm' };
	await server.change({ verb: 'delete', key, ifRevision: '1' });
	assert.deepEqual(asked, ['DELETE api ', 'GET session ', 'DELETE api second']);
	asked.length = 0;
	current = 'third';
	await server.session();
	await assert.rejects(server.change({ verb: 'delete', key, ifRevision: '1' }), CallFailure);
	assert.deepEqual(asked, ['GET session second', 'DELETE api third', 'GET session third']);
});
