import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { createApiServer } from '../../../src/control/api-server.ts';
import { type Authorise, withoutKeys } from '../../../src/control/authorise.ts';
import { answerPages, type Pages, STATUS_PAGE } from '../../../src/control/pages.ts';
import { parseQuotas } from '../../../src/control/quotas.ts';
import { createRequestCounts } from '../../../src/control/request-counts.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { createMemoryHistory } from '../../support/memory-history.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const pages: Pages = new Map([[STATUS_PAGE, { type: 'application/json', render: async () => '{"a":1}' }]]);

function apiOf(authorise: Authorise, tls?: { readonly cert?: string; readonly key?: string }) {
	const requests = createRequestCounts();
	const owner = { account: '123456789012', region: 'eu-west-1' };
	const shared = { clock: createFakeClock(), log: () => undefined, quotas: parseQuotas('') };
	const context = { ...shared, store: createMemoryStore(), history: createMemoryHistory(), owner, requests };
	return { requests, server: createApiServer(context, { authorise, pages, tls }) };
}

test('the status is for who may list all meshes, and requests are counted by operation and status', async () => {
	using scratch = createScratch('pages');
	const socket = join(scratch.path, 'socket');
	const asked: string[] = [];
	const authorise: Authorise = () => ({
		name: 'alice',
		denies(action, resource) {
			asked.push(`${action} ${resource}`);
			return asked.length > 1 ? 'no' : undefined;
		},
	});
	const { server, requests } = apiOf(authorise);
	server.listen(socket);
	await once(server, 'listening');
	assert.equal((await askSocket(socket, 'GET', `${STATUS_PAGE}?a=b`)).text, '{"a":1}');
	assert.equal((await askSocket(socket, 'GET', STATUS_PAGE)).status, 403);
	assert.deepEqual(asked, ['appmesh:ListMeshes *', 'appmesh:ListMeshes *']);
	assert.equal((await askSocket(socket, 'PUT', STATUS_PAGE)).status, 404);
	await askSocket(socket, 'GET', '/v20190125/meshes');
	const counted = requests.read().map(({ operation, status, requests: count }) => `${operation} ${status} ${count}`);
	assert.deepEqual(counted, ['none 200 1', 'none 403 1', 'none 404 1', 'ListMeshes 403 1']);
	server.close();
	server.closeAllConnections();
});

test('a socket of its own has the pages and nothing else', async () => {
	using scratch = createScratch('pages');
	const socket = join(scratch.path, 'socket');
	const failing: Pages = new Map([...pages, ['/bad', { type: '', render: () => Promise.reject(new Error('broken')) }]]);
	const server = createServer(answerPages(failing)).listen(socket);
	await once(server, 'listening');
	assert.equal((await askSocket(socket, 'GET', STATUS_PAGE)).text, '{"a":1}');
	assert.equal((await askSocket(socket, 'GET', '/v20190125/meshes')).status, 404);
	assert.match((await askSocket(socket, 'GET', '/bad')).text, /broken/);
	server.close();
	server.closeAllConnections();
});

test('with a certificate the API speaks TLS, 1.2 or later', async () => {
	using scratch = createScratch('pages');
	const socket = join(scratch.path, 'socket');
	const authority = createAuthority(scratch.path, 'authority');
	const { server } = apiOf(withoutKeys, pemsOf(authority.issue('control', ['localhost'])));
	server.listen(socket);
	await once(server, 'listening');
	const ca = readFileSync(authority.path, 'utf8');
	const client = connect({ path: socket, ca, servername: 'localhost' });
	client.end(`GET ${STATUS_PAGE} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
	let reply = '';
	for await (const part of client) reply += part;
	assert.match(reply, /^HTTP\/1\.1 200 [\s\S]*\{"a":1\}/);
	const old = connect({ path: socket, ca, servername: 'localhost', minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' });
	await assert.rejects(once(old, 'secureConnect'));
	server.close();
	server.closeAllConnections();
});
