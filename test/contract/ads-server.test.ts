import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Stream, connect } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Failure } from '../../src/failure.ts';
import { openAdsServer } from '../../src/host/ads/ads-server.ts';
import { createScratch } from '../lab/net/scratch.ts';

const METHOD = '/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources';
const noFolder = async (): Promise<void> => undefined;

/** Answers whatever it is sent with the same bytes. */
const serveEcho = (path: string, makeFolder = noFolder) =>
	openAdsServer(path, makeFolder, (send) => ({ receive: send, drained: () => undefined, close: () => undefined }));

/** A message of gRPC: not compressed, its length, itself. */
function message(bytes: Buffer): Buffer {
	const head = Buffer.alloc(5);
	head.writeUInt32BE(bytes.length, 1);
	return Buffer.concat([head, bytes]);
}

/** `grpc-status`, or the message that came back. */
async function ask(path: string, authority: string, bytes: Buffer): Promise<string> {
	const client = connect('http://localhost', { createConnection: () => connectSocket(path) });
	client.on('error', () => undefined);
	try {
		const stream = client.request(
			{
				':method': 'POST',
				':path': METHOD,
				':authority': authority,
				'content-type': 'application/grpc',
				te: 'trailers',
			},
			{ endStream: false },
		);
		stream.write(message(bytes));
		return await answerOf(stream);
	} finally {
		client.destroy();
	}
}

function answerOf(stream: ClientHttp2Stream): Promise<string> {
	return new Promise((resolve) => {
		stream.on('response', (headers) => {
			if (headers['grpc-status'] !== undefined) resolve(`status ${headers['grpc-status']}`);
		});
		stream.on('trailers', (trailers) => resolve(`status ${trailers['grpc-status']}`));
		stream.on('data', (data: Buffer) => resolve(data.subarray(5).toString()));
		stream.on('error', () => resolve('reset'));
		stream.on('close', () => resolve('closed'));
	});
}

const hello = Buffer.from('hello');

describe('the socket by which Envoys are configured', () => {
	test('Envoys are served whatever their gRPC makes of a socket as :authority; one that HTTP/2 has no room for ends its stream alone', async () => {
		using scratch = createScratch('ads');
		const path = join(scratch.path, 'socket');
		const server = await serveEcho(path);
		for (const authority of ['localhost', encodeURIComponent(path), '[::1', ':', '%', 'x'.repeat(8_000)])
			assert.equal(await ask(path, authority, hello), 'hello', authority);
		for (const authority of [path, `unix://${path}`, 'a b', 'é'])
			assert.equal(await ask(path, authority, hello), 'reset');
		assert.equal(await ask(path, 'localhost', hello), 'hello');
		server.close();
	});

	test('a message larger than any Envoy sends ends its stream, and garbage its connection; others are served', async () => {
		using scratch = createScratch('ads');
		const path = join(scratch.path, 'socket');
		const server = await serveEcho(path);
		// RESOURCE_EXHAUSTED
		assert.equal(await ask(path, 'localhost', Buffer.alloc(5 * 1024 * 1024)), 'status 8');
		const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
		// A frame of 16 MB, where 16 kB are allowed; no HTTP/2 at all; an empty one.
		for (const garbage of [
			`${preface}\xff\xff\xff\x00\x00\x00\x00\x00\x01`,
			'GET / HTTP/1.1\r\n\r\n',
			'\0'.repeat(100),
		]) {
			const socket = connectSocket(path);
			socket.on('error', () => undefined).resume();
			socket.write(Buffer.from(garbage, 'latin1'));
			await once(socket, 'close');
		}
		assert.equal(await ask(path, 'localhost', hello), 'hello');
		server.close();
	});

	const refused: readonly (readonly [what: string, path: (folder: string) => string, why: RegExp])[] = [
		[
			'a folder has its path',
			(folder) => {
				mkdirSync(join(folder, 'socket'));
				return join(folder, 'socket');
			},
			/Cannot listen on .*socket, by which Envoy gets its configuration: .*/,
		],
		['its path is too long', (folder) => join(folder, 'x'.repeat(120)), /Cannot listen on .*x{120}, by which .*: .*/],
		['its folder is not there', (folder) => join(folder, 'no', 'socket'), /Cannot listen on .*no\/socket, by which/],
	];
	for (const [what, make, why] of refused)
		test(`where ${what}, it is told`, async () => {
			using scratch = createScratch('ads');
			await assert.rejects(serveEcho(make(scratch.path)), (error) => {
				assert.ok(error instanceof Failure);
				assert.match(error.message, why);
				assert.match(error.remedy, /shorter path in a writable folder/);
				return true;
			});
		});

	test('where its folder is not writable, it is told', async () => {
		const cause = Object.assign(new Error('x'), { code: 'EACCES' });
		await assert.rejects(
			serveEcho('/nowhere/socket', () => Promise.reject(cause)),
			/Cannot listen on .*: permission denied/,
		);
	});

	test('that of a former daemon, or a file that was left there, is replaced; everybody who reaches its folder may use it', async () => {
		using scratch = createScratch('ads');
		const path = join(scratch.path, 'socket');
		writeFileSync(path, 'left');
		chmodSync(path, 0o400);
		const server = await serveEcho(path);
		assert.equal(statSync(path).mode & 0o777, 0o666);
		assert.equal(await ask(path, 'localhost', hello), 'hello');
		server.close();
	});
});
