import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createRingBuffer } from '../../../src/lib/ring-buffer.ts';
import { createSingleFlight } from '../../../src/lib/single-flight.ts';
import type { Handlers } from '../../../src/localapi/protocol.ts';
import { serve } from '../../../src/localapi/server.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';

const scratch = createScratch('limits');
after(() => scratch[Symbol.dispose]());
const kept = { logs: createRingBuffer<string>(2_000), events: createRingBuffer<string>(10) };

test('two runs serve all concurrent callers, and nobody gets a run that began before the call', async () => {
	const state = { begun: 0, isRunning: false };
	const ask = createSingleFlight(async () => {
		assert.equal(state.isRunning, false);
		state.isRunning = true;
		state.begun += 1;
		const mine = state.begun;
		await new Promise(setImmediate);
		state.isRunning = false;
		return mine;
	});
	const first = ask();
	await Promise.resolve();
	assert.deepEqual(await Promise.all([first, ask(), ask(), ask()]), [1, 2, 2, 2]);
	assert.equal(await ask(), 3);
});

test('a failed run rejects its callers only, not later ones', async () => {
	const state = { tries: 0 };
	const ask = createSingleFlight(async () => {
		state.tries += 1;
		if (state.tries === 1) throw new Error('no');
		return 'yes';
	});
	const both = await Promise.allSettled([ask(), ask()]);
	assert.deepEqual(
		both.map(({ status }) => status),
		['rejected', 'rejected'],
	);
	assert.equal(await ask(), 'yes');
});

test('with restMs the first run starts at once and the next one only after the pause', async () => {
	const begun: number[] = [];
	const ask = createSingleFlight(async () => begun.push(performance.now()), 100);
	const asked = ask();
	await new Promise(setImmediate);
	assert.equal(begun.length, 1);
	await asked;
	await Promise.all([ask(), ask()]);
	const [first = 0, second = 0, ...more] = begun;
	assert.deepEqual(more, []);
	assert.ok(second - first >= 99, String(begun));
});

test('at most 64 changes run at a time, and the next one is rejected', async () => {
	const held = Promise.withResolvers<never>();
	const path = join(scratch.path, 'changes.sock');
	const handlers = { enable: () => held.promise, status: async () => ({ told: true }) } as unknown as Handlers;
	const close = await serve(path, { handlers, kept, metrics: async () => '' }, new AbortController().signal);
	const waiting = Array.from({ length: 64 }, () => askSocket(path, 'POST', '/v1/enable'));
	for (;;) {
		// One that is accepted by mistake does not answer.
		const probe = askSocket(path, 'POST', '/v1/enable');
		const reply = await Promise.race([probe, askSocket(path, 'GET', '/v1/status')]);
		if (reply.status === 503) break;
		waiting.push(probe);
	}
	assert.equal((await askSocket(path, 'GET', '/v1/status')).text, '{"told":true}\n');
	held.resolve({ done: true } as never);
	const codes = (await Promise.all(waiting)).map(({ status }) => status);
	assert.equal(codes.filter((code) => code === 200).length, 64);
	assert.ok(codes.every((code) => code === 200 || code === 503));
	assert.equal((await askSocket(path, 'POST', '/v1/enable')).status, 200);
	await close();
});

test('the kept lines are not buffered for a client that does not read them', async () => {
	await using stack = new AsyncDisposableStack();
	const path = join(scratch.path, 'unread.sock');
	const handlers = {} as unknown as Handlers;
	stack.defer(await serve(path, { handlers, kept, metrics: async () => '' }, new AbortController().signal));
	const line = 'x'.repeat(4_000);
	for (let at = 0; at < 2_000; at += 1) kept.logs.add(line);
	const { text } = await askSocket(path, 'GET', '/v1/logs');
	assert.equal(text.length, 2_000 * 4_001);
	const before = process.memoryUsage().rss;
	// One after the other: of many at once some would wait for longer than a request may take to come.
	for (let at = 0; at < 30; at += 1) {
		const client = stack.adopt(connect(path), (each) => void each.destroy()).pause();
		client.on('error', () => undefined).write('GET /v1/logs HTTP/1.1\r\nhost: turnout\r\n\r\n');
		await once(client, 'readable');
	}
	// It would be 240 MB otherwise.
	assert.ok(process.memoryUsage().rss < before + 80e6);
});
