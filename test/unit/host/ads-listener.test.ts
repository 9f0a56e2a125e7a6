// Strangers who reach the port for Envoys, and say nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { Client, credentials } from '@grpc/grpc-js';
import { openAdsListener } from '../../../src/host/ads/ads-listener.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { createAuthority, pemsOf } from '../../support/certificates.ts';

async function freeAddress() {
	const server = createServer();
	await once(server.listen(0, '127.0.0.1'), 'listening');
	const { port } = server.address() as AddressInfo;
	await new Promise((resolve) => server.close(resolve));
	return { host: '127.0.0.1', port };
}

test('who does not begin with TLS is let go, so that nobody holds all the places there are', async () => {
	using scratch = createScratch('ads-listener');
	const told: string[] = [];
	const address = await freeAddress();
	const listener = await openAdsListener(address, {
		tls: pemsOf(createAuthority(scratch.path, 'authority').issue('control', ['127.0.0.1'])),
		handshakeMs: 100,
		accept: () => assert.fail('nobody asks'),
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
		accept: () => assert.fail('nobody asks'),
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
