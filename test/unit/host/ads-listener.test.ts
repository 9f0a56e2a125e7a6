// Strangers who reach the port for Envoys, and say nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Client, credentials, ServerCredentials } from '@grpc/grpc-js';
import { openAdsListener } from '../../../src/host/ads/ads-listener.ts';
import { createAdsService } from '../../../src/host/ads/ads-service.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';

async function freeAddress() {
	const server = createServer();
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return { host: '127.0.0.1', port };
}

const nobody = () => assert.fail('nobody asks');

test('who does not begin with TLS is let go, so that nobody holds all the places there are', async () => {
	using scratch = createScratch('ads-listener');
	const told: string[] = [];
	const address = await freeAddress();
	const listener = await openAdsListener(address, {
		tls: pemsOf(createAuthority(scratch.path, 'authority').issue('control', ['127.0.0.1'])),
		handshakeMs: 100,
		...{ accept: nobody, acceptReports: nobody },
		onTlsProblem: (_, why) => void told.push(why),
	});
	const socket = connect(address).resume();
	await once(socket, 'close', { signal: AbortSignal.timeout(10_000) }).finally(listener.close);
	assert.deepEqual(told, []);
});

test('nor does such a one hold up the end', async () => {
	using scratch = createScratch('ads-listener');
	const address = await freeAddress();
	const listener = await openAdsListener(address, {
		tls: pemsOf(createAuthority(scratch.path, 'authority').issue('control', ['127.0.0.1'])),
		handshakeMs: 600_000,
		...{ accept: nobody, acceptReports: nobody },
		onTlsProblem: () => undefined,
	});
	const socket = connect(address).resume();
	await once(socket, 'connect');
	// Until the other side has it as well.
	await new Promise((resolve) => setTimeout(resolve, 50));
	listener.close();
	await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
});

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const asItIs = (bytes: Buffer): Buffer => bytes;

test('strangers who hold all the places keep no Envoy away, nor does one that has come lose its own', async () => {
	using scratch = createScratch('ads-listener');
	const authority = createAuthority(scratch.path, 'authority');
	const address = await freeAddress();
	const listener = await openAdsListener(address, {
		tls: pemsOf(authority.issue('control', ['127.0.0.1'])),
		mostConnections: 5,
		acceptReports: nobody,
		accept: async (_, send) => ({
			receive: (bytes) => void send(bytes),
			drained: () => undefined,
			close: () => undefined,
		}),
		onTlsProblem: () => undefined,
	});
	const held: Socket[] = [];
	const envoys: Client[] = [];
	const open = () => {
		const ca = readFileSync(authority.path);
		const client = new Client(`127.0.0.1:${address.port}`, credentials.createSsl(ca), {
			'grpc.use_local_subchannel_pool': 1,
		});
		envoys.push(client);
		const stream = client.makeBidiStreamRequest(METHOD, asItIs, asItIs);
		// It ends with the listener.
		stream.on('error', () => undefined);
		return async () => {
			stream.write(Buffer.from('hello'));
			const [answer] = await once(stream, 'data', { signal: AbortSignal.timeout(10_000) });
			assert.equal(`${answer}`, 'hello');
		};
	};
	try {
		const asks: (() => Promise<void>)[] = [];
		for (let times = 0; times < 3; times += 1) {
			for (let at = 0; at < 10; at += 1)
				held.push(
					connect(address)
						.resume()
						.on('error', () => undefined),
				);
			await Promise.all(held.slice(-10).map((socket) => once(socket, 'connect')));
			asks.push(open());
			for (const ask of asks) await ask();
		}
	} finally {
		for (const socket of held) socket.destroy();
		for (const client of envoys) client.close();
		listener.close();
	}
});

const LOAD_METHOD = '/envoy.service.load_stats.v3.LoadReportingService/StreamLoadStats';

/** In plain text, with one connection; `take`: what is done with what is sent. */
async function serveReports(take: (bytes: Uint8Array) => void) {
	const address = await freeAddress();
	const closed: string[] = [];
	const listener = await openAdsListener(address, {
		...{ tls: undefined, accept: nobody, onTlsProblem: () => undefined },
		acceptReports: async ({ request }, send) => ({
			receive(bytes) {
				take(bytes);
				send(bytes);
			},
			drained: () => undefined,
			close: () => void closed.push(request.target),
		}),
	});
	const client = new Client(`127.0.0.1:${address.port}`, credentials.createInsecure(), {
		'grpc.use_local_subchannel_pool': 1,
	});
	return {
		closed,
		open() {
			const stream = client.makeBidiStreamRequest(LOAD_METHOD, asItIs, asItIs);
			const ended = new Promise<string>((resolve) => stream.on('error', ({ message }) => resolve(message)));
			const ask = async (bytes: Buffer) => {
				stream.write(bytes);
				return String(await once(stream, 'data', { signal: AbortSignal.timeout(10_000) }));
			};
			return { stream, ended, ask };
		},
		[Symbol.dispose]() {
			client.close();
			listener.close();
		},
	};
}

test('a connection has one stream of load reports at a time, also after one that was refused', async () => {
	using served = await serveReports((bytes) => assert.notEqual(bytes.length, 3));
	const first = served.open();
	assert.equal(await first.ask(Buffer.from('hello')), 'hello');
	assert.match(await served.open().ended, /INVALID_ARGUMENT|UNAUTHENTICATED/);
	assert.equal(await first.ask(Buffer.from('again')), 'again');
	first.stream.write(Buffer.from('bad'));
	assert.match(await first.ended, /INVALID_ARGUMENT/);
	assert.ok(served.closed.includes(LOAD_METHOD));
	assert.equal(await served.open().ask(Buffer.from('hello')), 'hello');
});

test('a message is not kept until the next one comes', async () => {
	const calls: object[] = [];
	const server = createAdsService((call, send) => {
		calls.push(call);
		return { receive: (bytes) => void send(bytes), drained: () => undefined, close: () => undefined };
	});
	const port = await new Promise<number>((resolve) =>
		server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, found) => resolve(found)),
	);
	const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
	try {
		const stream = client.makeBidiStreamRequest(METHOD, asItIs, asItIs).on('error', () => undefined);
		for (let times = 0; times < 2; times += 1) {
			stream.write(Buffer.alloc(100_000));
			const [answer] = await once(stream, 'data', { signal: AbortSignal.timeout(10_000) });
			assert.equal(answer.length, 100_000);
			const { readState, readPartialMessage } = Object(calls[0]).call.decoder;
			assert.deepEqual([readState, readPartialMessage], [0, []]);
		}
		stream.cancel();
	} finally {
		client.close();
		server.forceShutdown();
	}
});
