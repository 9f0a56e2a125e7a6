import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { createRingBuffer } from '../../../src/lib/ring-buffer.ts';
import { createClient } from '../../../src/localapi/client.ts';
import { type Handlers, type Method, paths } from '../../../src/localapi/protocol.ts';
import { serve } from '../../../src/localapi/server.ts';
import { createScratch } from '../../lab/net/scratch.ts';

describe('the socket', async () => {
	const scratch = createScratch('socket');
	const path = join(scratch.path, 'control.sock');
	const asked: unknown[] = [];
	const clock = { ms: 0 };
	const kept = { logs: createRingBuffer<string>(10, () => clock.ms), events: createRingBuffer<string>(10) };
	const metrics = async () => '# HELP x x\n';
	const close = await serve(path, { handlers: handlers(), kept, metrics }, new AbortController().signal);
	after(() => close().finally(() => scratch[Symbol.dispose]()));
	const client = createClient(path);

	test('each client method passes its request to its handler and returns the reply', async () => {
		const ask: Partial<Record<Method, object>> = {
			...{ disable: { drainSeconds: 5 }, update: { image: 'envoy:2' }, explain: { pid: 1 } },
		};
		for (const method of (Object.keys(paths) as Method[]).filter((name) => name !== 'enable' && name !== 'reload')) {
			const request = (ask[method] ?? {}) as Record<string, never>;
			assert.deepEqual(await client[method](request), { by: method });
			assert.deepEqual(asked.splice(0), [request]);
		}
	});

	test('a failure keeps its code, message and remedy', async () => {
		await assert.rejects(client.enable({}), { code: 'envoy', message: 'Cannot enable: why', remedy: 'Do that' });
	});

	test('an unexpected error is reported as a defect and does not end the daemon', async () => {
		await assert.rejects(client.reload({}), {
			code: 'internal',
			message: /nobody foresaw/,
			remedy: /defect of turnout/,
		});
		assert.deepEqual(await client.status({}), { by: 'status' });
	});

	test('a stream has the kept lines, then new ones while it is followed', async () => {
		for (const line of ['one', 'two', 'three']) kept.logs.add(line);
		const lines: string[] = [];
		await client.follow('logs', { follow: false, tail: 2 }, (line) => lines.push(line));
		assert.deepEqual(lines, ['two', 'three']);
		const leave = new AbortController();
		const heard = Promise.withResolvers<void>();
		const following = client.follow('logs', { follow: true, signal: leave.signal }, (line) => {
			if (line === 'three') kept.logs.add('four');
			if (line === 'four') heard.resolve();
		});
		await heard.promise;
		leave.abort();
		await following.catch(() => undefined);
		assert.deepEqual(kept.events.last(), []);
	});

	test('since and tail limit the kept lines', async () => {
		const now = Date.now();
		for (const [line, agoMs] of [
			['an hour ago', 3_600_000],
			['a minute ago', 60_000],
			['right now', 0],
		] as const) {
			clock.ms = now - agoMs;
			kept.logs.add(line);
		}
		const said = async (options: object) => {
			const lines: string[] = [];
			await client.follow('logs', { follow: false, ...options }, (line) => lines.push(line));
			return lines;
		};
		assert.deepEqual(await said({ since: '30s' }), ['right now']);
		assert.deepEqual(await said({ since: '10m' }), ['a minute ago', 'right now']);
		assert.deepEqual(await said({ since: '10m', tail: 1 }), ['right now']);
		assert.deepEqual(await said({ since: '2h', tail: 3 }), ['an hour ago', 'a minute ago', 'right now']);
		assert.deepEqual(await said({ since: new Date(now - 120_000).toISOString() }), ['a minute ago', 'right now']);
		assert.deepEqual(await said({ since: '2999-01-01T00:00:00+01:00' }), []);
	});

	test('an invalid time is rejected with what is allowed', async () => {
		for (const since of ['yesterday', '', '10', '-5m', '2026-13-01T00:00:00Z', '5m\n&tail=1'])
			await assert.rejects(
				client.follow('logs', { follow: false, since }, () => undefined),
				{ code: 'usage', message: /since is "/, remedy: /^Allowed: a time ago such as 45s, 10m/ },
				since,
			);
	});

	test("metrics are served in Prometheus' text format, with any query", async () => {
		const reply = await fetchOf(path, 'GET');
		assert.equal(reply.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
		assert.equal(reply.statusCode, 200);
		assert.equal((await fetchOf(path, 'POST')).statusCode, 405);
	});

	test('a follower that stops reading is disconnected', async () => {
		const reader = connect(path);
		reader.write('GET /v1/events?follow=1 HTTP/1.1\r\nhost: turnout\r\n\r\n');
		await once(reader, 'readable');
		const line = 'x'.repeat(64 * 1024);
		// Far more than the kernel and the daemon buffer for a reader.
		for (let lines = 0; lines < 200; lines += 1) {
			kept.events.add(line);
			await new Promise(setImmediate);
		}
		const read = { size: 0 };
		reader.on('data', (part) => {
			read.size += part.length;
		});
		reader.on('error', () => undefined);
		await once(reader, 'close', { signal: AbortSignal.timeout(60_000) });
		assert.ok(read.size < 4 * 1024 * 1024, `${read.size} bytes were kept for them`);
	});

	test('a followed stream ends with the daemon', async () => {
		const other = join(scratch.path, 'other.sock');
		const end = await serve(other, { handlers: handlers(), kept, metrics }, new AbortController().signal);
		const begun = Promise.withResolvers<void>();
		const following = createClient(other).follow('logs', { follow: true }, () => begun.resolve());
		await begun.promise;
		await end();
		await Promise.race([
			following,
			once(AbortSignal.timeout(60_000), 'abort').then(() => assert.fail('it never ends')),
		]);
	});

	/** Two of them fail, each differently. */
	function handlers(): Handlers {
		const answer = (method: Method) => async (request: object) => {
			asked.push(request);
			return { by: method } as never;
		};
		return {
			status: answer('status'),
			raw: answer('raw'),
			confirm: answer('confirm'),
			revert: answer('revert'),
			disable: answer('disable'),
			diff: answer('diff'),
			config: answer('config'),
			explain: answer('explain'),
			update: answer('update'),
			enable: async () => Promise.reject(new Failure('envoy', 'Cannot enable: why', 'Do that')),
			reload: async () => Promise.reject(new TypeError('nobody foresaw this')),
		};
	}
});

function fetchOf(socketPath: string, method: string): Promise<IncomingMessage> {
	return new Promise((resolve, reject) => {
		const call = request({ socketPath, method, path: '/metrics', agent: false }, (reply) => resolve(reply.resume()));
		call.on('error', reject).end();
	});
}

test('a socket without listener, without permission or with an impossible path is reported as such', async () => {
	await assert.rejects(createClient('/nowhere/control.sock').status({}), { code: 'not-running' });
	assert.throws(() => createClient(''), { code: 'config', message: /it is empty/ });
	assert.throws(() => createClient(`/${'x'.repeat(107)}`), { code: 'config', message: /longer than 107 bytes/ });
});
