import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { createClient } from '../../../src/localapi/client.ts';
import { createScratch } from '../../lab/net/scratch.ts';

/** Another program on the socket. */
async function withAnswer(answer: (reply: ServerResponse) => void, ask: (socket: string) => Promise<void>) {
	using scratch = createScratch('client');
	const socket = join(scratch.path, 'control.sock');
	const server = createServer((_, reply) => answer(reply));
	await new Promise<void>((resolve) => server.listen(socket, resolve));
	await ask(socket);
	server.closeAllConnections();
	server.close();
}

/** Writes for ever, as fast as it is read. */
function pour(reply: ServerResponse, text: string): void {
	while (!reply.destroyed && reply.write(text));
	reply.once('drain', () => pour(reply, text));
}

test('an endless reply is abandoned and not buffered', async () => {
	const endless = (reply: ServerResponse) => pour(reply, 'x'.repeat(1 << 20));
	await withAnswer(endless, async (socket) => {
		await assert.rejects(createClient(socket).status({}), {
			code: 'socket',
			message: `Cannot understand the reply on ${socket}: its reply is longer than 67108864 bytes`,
		});
	});
});

test('an endless line is abandoned too, after the lines before it were delivered', async () => {
	const lines: string[] = [];
	const endless = (reply: ServerResponse) => {
		reply.write('one\ntwo\n');
		pour(reply, 'x'.repeat(1 << 16));
	};
	await withAnswer(endless, async (socket) => {
		const following = createClient(socket).follow('logs', { follow: true }, (line) => lines.push(line));
		await assert.rejects(following, { code: 'socket', message: /a line of its reply is longer than 1048576 bytes/ });
	});
	assert.deepEqual(lines, ['one', 'two']);
});

test('a request that has not arrived in time, on a busy host, is not taken for another program', async () => {
	await withAnswer(
		(reply) => reply.writeHead(408).end(),
		async (socket) => {
			const why = { code: 'resources', message: /^Cannot ask the daemon: the request has not reached it in time/ };
			await assert.rejects(createClient(socket).status({}), why);
		},
	);
});

test('a reply that is not from turnout is reported as such, not as a defect', async () => {
	for (const [status, text] of [
		[200, '<html>'],
		[404, 'not found'],
		[500, '{}'],
		[500, 'null'],
	] as const)
		await withAnswer(
			(reply) => reply.writeHead(status).end(text),
			async (socket) => {
				const why = { code: 'socket', message: /^Cannot understand the reply on / };
				await assert.rejects(createClient(socket).status({}), why, text);
			},
		);
});
