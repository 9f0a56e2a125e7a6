// Clients of the API that are none of AWS's: they hold their connections, or what they send is no text.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createEnding } from '../../../src/control/end-server.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';
import { eventually } from '../../support/eventually.ts';
import { serveApi } from '../../support/served-api.ts';

const LIST = 'GET /v20190125/meshes HTTP/1.1\r\nhost: localhost\r\n\r\n';

test('who does not read the answers loses the connection; who reads them slowly has them all', async () => {
	await using api = await serveApi({}, { stalledMs: 2_000 });
	const [deaf, slow] = [connect(api.socket), connect(api.socket)];
	const asked = 1_500;
	for (const socket of [deaf, slow])
		socket
			.pause()
			.on('error', () => undefined)
			.write(LIST.repeat(asked));
	const whole = `${LIST.replace('\r\n\r\n', '')}\r\nconnection: close\r\n\r\n`;
	slow.write(whole);
	const read = text(slowly(slow));
	assert.equal((await read).match(/HTTP\/1\.1 200/g)?.length, asked + 1);
	const count = promisify(api.server.getConnections.bind(api.server));
	assert.equal(await eventually(count, (open) => open === 0), 0);
});

/** Some of it, and then nothing for a while. */
async function* slowly(socket: Socket): AsyncGenerator<Buffer> {
	for await (const part of socket) {
		yield part as Buffer;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

async function listen(server: Server) {
	const stack = new AsyncDisposableStack();
	const path = join(stack.use(createScratch('ending')).path, 'socket');
	await once(server.listen(path), 'listening');
	stack.defer(() => server.closeAllConnections());
	return { path, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('a server that is ended answers what was asked, and does not wait for half a request, nor for none', async () => {
	const asked: (() => void)[] = [];
	const server = createServer((request, reply) => {
		if (request.method === 'PUT') return;
		asked.push(() => reply.end('done'));
	});
	const end = createEnding(server, 60_000);
	await using at = await listen(server);
	const sockets = [
		'',
		'GET / HTTP/1.1\r\nhost: loc',
		'PUT / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nab',
		'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n',
	].map((written) => {
		const socket = connect(at.path);
		socket.write(written);
		return text(socket).catch(() => 'reset');
	});
	while (asked.length === 0) await new Promise(setImmediate);
	const ended = end();
	for (const answer of asked) answer();
	await ended;
	const [idle, half, cut, whole] = await Promise.all(sockets);
	assert.match(whole ?? '', /^HTTP\/1\.1 200 .*done/s);
	for (const other of [idle, half, cut]) assert.doesNotMatch(other ?? '', /200/);
});

test('nor does it wait for longer than it was told', async () => {
	let isAsked = false;
	const server = createServer(() => {
		isAsked = true;
	});
	const end = createEnding(server, 50);
	await using at = await listen(server);
	const socket = connect(at.path);
	socket.on('error', () => undefined).write(LIST);
	while (!isAsked) await new Promise(setImmediate);
	await end();
});

const put = (length: number, body: string): Buffer =>
	Buffer.from(
		`PUT /v20190125/meshes HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: ${length}\r\n\r\n${body}`,
		'latin1',
	);

test('a body that is no UTF-8 is refused, and nothing is made of it', async () => {
	await using api = await serveApi();
	const body = '{"meshName":"\xff\xfe"}';
	const socket = connect(api.socket);
	socket.write(put(body.length, body));
	assert.match(await text(socket), /^HTTP\/1\.1 400 .*the body is not a JSON object in UTF-8/s);
	assert.deepEqual((await api.store.list()).entries, []);
});

test('who does not begin with TLS is let go', async () => {
	using scratch = createScratch('hang-up');
	const tls = pemsOf(createAuthority(scratch.path, 'authority').issue('control', ['localhost']));
	await using api = await serveApi({}, { tls, stalledMs: 200 });
	const socket = connect(api.socket).on('error', () => undefined);
	await once(socket.resume(), 'close', { signal: AbortSignal.timeout(10_000) });
});

/** Connections that are open on the other side as well. */
async function hold(path: string, count: number, written: string): Promise<readonly Socket[]> {
	const held = Array.from({ length: count }, () => connect(path).on('error', () => undefined));
	for (const socket of held) socket.resume().write(written);
	await Promise.all(held.map((socket) => once(socket, 'connect')));
	return held;
}

test('whoever holds all connections, or asks for halves, keeps nobody away who asks for something', async () => {
	await using api = await serveApi({}, { mostConnections: 10 });
	const part = 'PUT /v20190125/meshes HTTP/1.1\r\nhost: localhost\r\ncontent-length: 50\r\n\r\n{';
	for (const written of ['', 'GET / HT', part, LIST]) {
		const held = await hold(api.socket, 30, written);
		for (let times = 0; times < 20; times += 1) assert.equal((await api.ask('GET', '/meshes')).status, 200);
		assert.ok((await promisify(api.server.getConnections.bind(api.server))()) <= 10);
		for (const socket of held) socket.destroy();
	}
});

test('who is owed an answer keeps the connection', async () => {
	const asked = Promise.withResolvers<void>();
	const enough = Promise.withResolvers<void>();
	await using api = await serveApi(
		{},
		{
			mostConnections: 10,
			pageOf: () => async (request) => {
				if (request.url !== '/slow') return undefined;
				asked.resolve();
				await enough.promise;
				return { status: 200, headers: {}, body: 'late' };
			},
		},
	);
	const slow = connect(api.socket);
	slow.write('GET /slow HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
	await asked.promise;
	const held = await hold(api.socket, 30, '');
	assert.equal((await api.ask('GET', '/meshes')).status, 200);
	enough.resolve();
	assert.match(await text(slow), /\blate\b/);
	for (const socket of held) socket.destroy();
});
