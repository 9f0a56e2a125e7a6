// The socket as a border: whoever may not use it is kept out by the kernel, and whoever may cannot break the daemon with it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { askSocket } from '../../lab/net/socket.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { rulesOf, unprivileged } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { rounds } from '../../support/rounds.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { openConnection, startListener } from '../../support/talk.ts';
import { createDaemonHost, withDaemon } from '../../support/with-daemon.ts';

describe("the daemon's socket as a trust boundary", async () => {
	const { lab, untouched, daemon } = suiteStack().use(await withDaemon());
	const { pid } = daemon.process;
	const status = daemon.readStatus;
	const descriptors = () => readdirSync(`/proc/${pid}/fd`).length;
	const memory = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

	/** Milliseconds of each answer, asked one after another until `until` is over. */
	async function latencies(until: Promise<unknown>): Promise<number[]> {
		const state = { isOver: false };
		const over = until.finally(() => {
			state.isOver = true;
		});
		const taken: number[] = [];
		while (!state.isOver || taken.length < 20) {
			const start = performance.now();
			assert.match((await status()).wanted, /^(en|dis)abled$/);
			taken.push(performance.now() - start);
			await sleep(20);
		}
		await over;
		return taken.sort((a, b) => a - b);
	}

	const figure = (taken: readonly number[]): string => {
		const at = (share: number) => (taken[Math.floor(taken.length * share)] ?? 0).toFixed(1);
		return `status answered ${taken.length} times, median ${at(0.5)} ms, p99 ${at(0.99)} ms`;
	};

	test('a socket that was deleted is recreated with the same mode and group', async () => {
		using follower = disposable(connect(daemon.socket));
		follower.write('GET /v1/events?follow=1 HTTP/1.1\r\nhost: turnout\r\n\r\n');
		await once(follower, 'data');
		for (let times = 0; times < 2; times += 1) {
			rmSync(daemon.socket);
			await eventually(
				() => statSync(daemon.socket, { throwIfNoEntry: false }),
				(seen) => seen !== undefined && (seen.mode & 0o777) === 0o660,
			);
			assert.equal((await status()).is, 'disabled');
		}
		// Who followed goes on with it.
		const heard = once(follower, 'data');
		assert.equal((await askSocket(daemon.socket, 'POST', '/v1/disable')).status, 200);
		assert.match(String(await heard), /interception disabled/);
	});

	test('the kernel refuses the socket to other users', () => {
		assert.equal(statSync(daemon.socket).mode & 0o777, 0o660);
		const curl = ['curl', '-sv', '--unix-socket', daemon.socket, 'http://turnout/v1/status'];
		const { code, stderr, stdout } = lab.host.tryRun('setpriv', [...unprivileged(1000, 1000), ...curl]);
		assert.equal(code, 7);
		assert.match(stderr, /Permission denied/);
		assert.equal(stdout, '');
	});

	test('random and hostile requests neither crash the daemon nor use up its memory, and status keeps answering', async (context) => {
		const open = descriptors();
		const seed = Date.now() % 1_000_000;
		const requests = rounds(100_000);
		const samples: number[] = [];
		const sampling = setInterval(() => samples.push(memory()), 100);
		const load = new Worker(new URL('../../support/request-load-worker.ts', import.meta.url), {
			workerData: { socket: daemon.socket, requests, clients: 8, seed },
		});
		const started = performance.now();
		const over = once(load, 'message') as Promise<[{ sent: number; replies: Record<string, number> }]>;
		const taken = await latencies(over).finally(() => clearInterval(sampling));
		const [{ sent, replies }] = await over;
		const third = Math.ceil(samples.length / 3);
		const [first, last] = [median(samples.slice(0, third)), median(samples.slice(-third))];
		const seconds = ((performance.now() - started) / 1_000).toFixed(1);
		context.diagnostic(`seed ${seed}: ${sent} requests in ${seconds} s, replies ${JSON.stringify(replies)}`);
		context.diagnostic(`${figure(taken)}; memory ${first.toFixed(1)} MiB, then ${last.toFixed(1)} MiB`);
		assert.deepEqual(
			Object.keys(replies).filter(
				(code) => !['100', '200', '400', '404', '405', '408', '413', '417', '431', '503'].includes(code),
			),
			[],
		);
		assert.ok(last < first * 1.25 + 16, `${first} MiB became ${last} MiB`);
		assert.doesNotMatch(daemon.log(), /"level":"(warn|error)"/);
		// The first look at the rules has opened two sockets, one for each family, and keeps them.
		await eventually(descriptors, (now) => now <= open + 2);
		assert.equal((await askSocket(daemon.socket, 'POST', '/v1/disable')).status, 200);
		assert.equal(rulesOf(lab.host), untouched);
	});

	test('500 idle clients and half-sent requests block nobody, and are disconnected', async (context) => {
		const open = descriptors();
		const halves = [
			'',
			'GET /v1/st',
			'POST /v1/disable HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"drain',
			'GET /v1/config HTTP/1.1\r\nhost: x\r\n\r\n',
		];
		using clients = new DisposableStack();
		const closed = Array.from({ length: 500 }, (_, at) => {
			const client = clients.use(disposable(connect(daemon.socket)));
			client.write(halves[at % halves.length] ?? '');
			return once(client.resume(), 'close');
		});
		await eventually(descriptors, (now) => now >= open + 400);
		context.diagnostic(figure(await latencies(sleep(1_000))));
		await Promise.all(closed);
		await eventually(descriptors, (now) => now <= open);
	});

	test('a follower that stops reading is buffered up to a limit, and the number of followers is limited', async () => {
		const [open, before] = [descriptors(), memory()];
		using clients = new DisposableStack();
		const heads: string[] = [];
		for (let at = 0; at < 70; at += 1) {
			const client = clients.use(disposable(connect(daemon.socket)));
			client.write('GET /v1/events?follow=1 HTTP/1.1\r\nhost: turnout\r\n\r\n');
			const [head] = (await once(client, 'data')) as [Buffer];
			heads.push(String(head).slice(9, 12));
			client.pause();
		}
		assert.deepEqual(heads, [...Array(64).fill('200'), ...Array(6).fill('503')]);
		assert.equal((await askSocket(daemon.socket, 'GET', '/v1/events?follow=1')).status, 503);
		assert.ok(memory() < before + 32);
		clients.dispose();
		await eventually(descriptors, (now) => now <= open);
		assert.match((await askSocket(daemon.socket, 'GET', '/v1/events?tail=1')).text, /^\{.*\}\n$/);
	});
});

test('when two daemons start at once on the stale socket of a killed one, exactly one is refused', async () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('border');
	const folder = scratch.path;
	for (let times = 0; times < rounds(15); times += 1) {
		const daemons = await Promise.all([startDaemon(lab.host, { folder }), startDaemon(lab.host, { folder })]);
		await using _first = daemons[0];
		await using _second = daemons[1];
		const running = daemons.filter(({ process }) => process.exitCode === null);
		assert.equal(running.length, 1, daemons.map((each) => each.log()).join('\n'));
		const refused = daemons.find(({ process }) => process.exitCode !== null);
		assert.match(refused?.log() ?? '', /^turnout: Cannot (start a second daemon|listen on .* in use)/m);
		assert.equal(running[0]?.status().is, 'disabled');
		running[0]?.process.kill('SIGKILL');
		await running[0]?.ended;
	}
});

test('enable during a stop is refused, and leaves no rules behind', async () => {
	using place = await createDaemonHost();
	const { lab, untouched } = place;
	using _envoy = await startListener(lab.host, 'envoy', 15001, 1337);
	await using daemon = await place.start(['--start-enabled', '1', '--envoy-drain-seconds', '30']);
	using captured = await openConnection(lab.host, addresses.remote.v4, 443);
	daemon.process.kill('SIGTERM');
	await eventually(daemon.log, (log) => log.includes('"event":"interception disabled"'));
	const { status, text } = await askSocket(daemon.socket, 'POST', '/v1/enable');
	assert.equal(status, 500);
	assert.match(text, /the daemon is being stopped/);
	captured[Symbol.dispose]();
	assert.equal(await daemon.ended, 0);
	assert.equal(rulesOf(lab.host), untouched);
});

const median = (values: readonly number[]): number =>
	values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

function disposable(socket: Socket): Socket & Disposable {
	socket.on('error', () => undefined);
	return Object.assign(socket, { [Symbol.dispose]: () => void socket.destroy() });
}
