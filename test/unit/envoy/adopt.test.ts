import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { envoySpecOf, noTakeOver } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, signal, started } from '../../support/supervising.ts';

describe('an Envoy that was left running', { concurrency: true }, () => {
	test('is found by the next daemon, which goes on with it', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(envoySpecOf(), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 1'], 'live']);
		endFirst(supervised);
		await eventually(
			() => next.history().restarts,
			(restarts) => restarts === 1,
		);
		await eventually(
			() => kindOf(next),
			(kind) => kind === 'live',
		);
		await next.stop();
		assert.deepEqual(supervised.world.running(), []);
	});

	test('is replaced by the next daemon where the settings have changed in between', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(change().plan, noTakeOver, signal);
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
	});

	test('goes on, in trouble, where the next daemon cannot replace it', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(envoySpecOf({}, { command: 'nowhere' }), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 1'], 'live']);
	});

	test('and answers no more is ended by the next daemon, which starts another', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		Object.assign([...supervised.admins.values()][0] ?? {}, { isSilent: true, ports: [] });
		const next = supervised.next();
		await next.start(envoySpecOf({ startSeconds: 0.5 }), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 2'], 'live']);
	});

	test('beside a newer one gives way to that', async () => {
		const { wait, reached, open } = gate();
		await using supervised = await started();
		// The daemon is killed in the middle of a replacement: both run on.
		void supervised.supervisor.replace(change({ takeOver: wait }), signal).catch(() => undefined);
		await reached;
		const next = supervised.next();
		await next.start(change().plan, noTakeOver, signal);
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
		assert.equal(kindOf(next), 'live');
		await next.stop();
		open();
	});
});
