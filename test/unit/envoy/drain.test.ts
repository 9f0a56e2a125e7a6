import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import type { Program } from '../../support/memory-proxy.ts';
import { envoySpecOf, noTakeOver, type Options, supervise } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, pastPause, signal, started, until } from '../../support/supervising.ts';

/** The reason of each stop: by id and grace. */
function stops() {
	const all: string[] = [];
	return { all, onStop: async (id: string, graceMs: number) => void all.push(`${id} ${graceMs}`) };
}

describe('a former Envoy', { concurrency: true }, () => {
	test('is ended by SIGTERM once it is drained, and the hand-over of its listeners ends with it', async () => {
		const { all, onStop } = stops();
		await using supervised = await started({ onStop });
		const { supervisor, admins, endedHandOvers } = supervised;
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change({ plan: envoySpecOf({ drainSeconds: 30 }, { env: { NEW: '1' } }) }), signal);
		await pastPause();
		assert.deepEqual([all, endedHandOvers], [[], []]);
		Object.assign(former ?? {}, { connections: 0 });
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
		assert.deepEqual([all, endedHandOvers], [['memory 1 5000'], [[15001]]]);
	});

	test('that ends by itself while it drains is not waited for', async () => {
		await using supervised = supervise();
		const { supervisor, admins, endedHandOvers } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 60 }), noTakeOver, signal);
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change(), signal);
		await eventually(
			() => former?.hasClosed,
			(hasClosed) => hasClosed === true,
		);
		endFirst(supervised);
		await eventually(
			() => endedHandOvers.length,
			(count) => count === 1,
		);
		assert.equal(kindOf(supervisor), 'live');
		Object.assign(former ?? {}, { connections: 0 });
	});

	test('shares the admin port while it drains: the one that took over can be restarted', async () => {
		await using supervised = supervise();
		const { supervisor, admins, world } = supervised;
		const drainSeconds = 30;
		await supervisor.start(envoySpecOf({ drainSeconds }), noTakeOver, signal);
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1, ports: [15001, 9901] });
		await supervisor.replace(change({ plan: envoySpecOf({ drainSeconds }, { env: { NEW: '1' } }) }), signal);
		const [, second] = world.running();
		assert.ok(second !== undefined);
		world.end(second, { code: 7, signal: undefined });
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual(idsOf(supervised), ['memory 1', 'memory 3']);
		Object.assign(former ?? {}, { connections: 0 });
	});

	test('is no stray: only an Envoy that nobody supervises is ended for its port', async () => {
		await using supervised = supervise();
		const { supervisor, admins, world } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 30 }), noTakeOver, signal);
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change(), signal);
		await eventually(
			() => former?.hasClosed,
			(hasClosed) => hasClosed === true,
		);
		const [, second] = world.running();
		assert.ok(second !== undefined);
		// Docker has said that it cannot start this one.
		const identity = { instance: 'stray', hash: '', admin: { socketPath: '/run/stray' } };
		await world.runtime().start(second.spec, identity, () => undefined, signal);
		await eventually(
			() => admins.has('stray'),
			(isThere) => isThere,
		);
		world.end(second, { code: 7, signal: undefined });
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual(idsOf(supervised), ['memory 1', 'memory 4']);
		assert.equal(supervisor.history().failures, 1, 'the restart did not fail for its port');
		Object.assign(former ?? {}, { connections: 0 });
	});

	test('is waited for by a daemon that leaves: only this one drains its connections', async () => {
		await using supervised = supervise();
		const { supervisor, admins, world } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 30 }), noTakeOver, signal);
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change(), signal);
		const leave = supervisor.leave();
		await pastPause();
		assert.deepEqual([idsOf(supervised), world.closed], [['memory 1', 'memory 2'], []]);
		Object.assign(former ?? {}, { connections: 0 });
		await leave;
		assert.deepEqual([idsOf(supervised), world.closed], [['memory 2'], [false]]);
	});
});

describe('the end of a daemon', { concurrency: true }, () => {
	test('that leaves its Envoy does not start it again', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await pastPause();
		assert.deepEqual(idsOf(supervised), []);
	});

	test('that leaves while Envoy waits to be restarted does not wait for that', async () => {
		await using supervised = await started();
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await supervised.supervisor.leave();
		await pastPause();
		assert.deepEqual([idsOf(supervised), supervised.world.closed], [[], [false]]);
	});

	test('that is stopped waits until Envoy has ended', async () => {
		const slow: Program = ({ terminated }) => terminated.then(() => sleep(200, 0));
		const programs = { envoy: () => slow };
		await using supervised = await started({ programs });
		await supervised.supervisor.stop();
		assert.deepEqual(supervised.world.instances(), []);
	});

	test('does not drain where no connection is redirected', async () => {
		const { all, onStop } = stops();
		await using supervised = await started({ onStop });
		const { supervisor, events, world } = supervised;
		await supervisor.stop();
		assert.deepEqual(events, ['starting memory 1', 'live memory 1', 'draining memory 1', 'absent']);
		assert.deepEqual([all, world.closed], [['memory 1 5000'], [true]]);
	});

	test('drains where nobody can count the connections: there may be some', async () => {
		const countRedirected: Options['countRedirected'] = () => Promise.reject(new Error('no more descriptors'));
		await using supervised = await started({ countRedirected });
		await supervised.supervisor.stop();
		assert.ok(supervised.events.includes('drain graceful memory 1'));
	});

	test('does not wait for connections of an Envoy that ends while it drains', async () => {
		let captured = 1;
		await using supervised = supervise({ countRedirected: async () => captured });
		const { supervisor, world } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 60 }), noTakeOver, signal);
		const stop = supervisor.stop();
		await until(supervisor, 'draining');
		endFirst(supervised);
		await stop;
		assert.deepEqual(world.instances(), []);
		captured = 0;
	});

	test('keeps what a next start needs where Envoy cannot be ended', async () => {
		let isRefused = true;
		const onStop = async () => {
			if (isRefused) throw new Error('Docker is away');
		};
		await using supervised = await started({ onStop });
		await assert.rejects(supervised.supervisor.stop(), /Docker is away/);
		assert.deepEqual(supervised.world.closed, [false]);
		isRefused = false;
	});

	test('tells a start that it interrupts why it fails', async () => {
		const { wait, reached, open } = gate();
		await using supervised = supervise({ onStart: wait });
		const start = supervised.supervisor.start(envoySpecOf(), noTakeOver, signal);
		const refused = assert.rejects(start, { code: 'interrupted', message: /turnout is about to end$/ });
		await reached;
		const stop = supervised.supervisor.stop();
		open();
		await refused;
		await stop;
	});

	test('tells an update that it interrupts why it fails, without a word about the former', async () => {
		const { wait, reached, open } = gate();
		let isFirst = true;
		await using supervised = await started({ onStart: () => (isFirst ? Promise.resolve() : wait()) });
		isFirst = false;
		const refused = assert.rejects(supervised.supervisor.replace(change(), signal), {
			message: 'Cannot start Envoy: turnout is about to end',
		});
		await reached;
		const stop = supervised.supervisor.stop();
		open();
		await refused;
		await stop;
	});
});
