// Strangers who reach the port for Envoys, and say nothing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
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
