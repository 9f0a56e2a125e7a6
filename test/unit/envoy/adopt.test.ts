import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import { envoySpecOf, noTakeOver, type Options } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, signal, started, until } from '../../support/supervising.ts';

describe('an Envoy that was left running', { concurrency: true }, () => {
	test('is adopted by the next daemon', async () => {
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

	test('continues where the next daemon cannot replace it', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(envoySpecOf({}, { command: 'nowhere' }), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 1'], 'live']);
	});

	test('and does not answer is killed by the next daemon, which starts another', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		Object.assign([...supervised.admins.values()][0] ?? {}, { isSilent: true });
		const next = supervised.next();
		await next.start(envoySpecOf({ startSeconds: 0.5 }), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 2'], 'live']);
	});

	test('beside a newer one is drained and ended', async () => {
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

	test('and misses one answer is asked again before it is given up', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const [admin] = supervised.admins.values();
		Object.assign(admin ?? {}, { isSilent: true });
		setTimeout(() => Object.assign(admin ?? {}, { isSilent: false }), 250);
		await supervised.next().start(envoySpecOf(), noTakeOver, signal);
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('and cannot be replaced is reported with the reason', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		await supervised.next().start(envoySpecOf({ healthSeconds: 60 }, { command: 'nowhere' }), noTakeOver, signal);
		const state = supervised.histories.at(-1)?.state;
		assert.equal(state?.kind === 'live' && state.problem, 'Cannot start Envoy: there is no program "nowhere"');
	});

	test('has the configured name once it is alone', async () => {
		const { wait, reached, open } = gate();
		await using supervised = await started();
		void supervised.supervisor.replace(change({ takeOver: wait }), signal).catch(() => undefined);
		await reached;
		await supervised.next().start(change().plan, noTakeOver, signal);
		await eventually(
			() => supervised.world.nameHolder(),
			(id) => id === 'memory 2',
		);
		assert.ok(supervised.events.includes('drain at-once memory 1'));
		open();
	});

	test('on the ports of the former settings leads traffic to the new ones with its replacement', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const programs: number[] = [];
		const next = supervised.next();
		const takeOver = async () => void programs.push(supervised.world.running().length);
		await next.start(change().plan, takeOver, signal);
		assert.deepEqual([programs, supervised.handedOver.at(-1)], [[2], [15001]]);
	});

	test('and ends while its replacement is pulled does not wait for that pull', async () => {
		let isPulling = true;
		const { wait, reached } = gate();
		const onPrepare = async (...[{ env }, , aborted]: Prepare) => {
			if (!('NEW' in env) || !isPulling) return;
			isPulling = false;
			void wait();
			await sleep(60_000, undefined, { signal: aborted });
		};
		await using supervised = await started({ onPrepare });
		await supervised.supervisor.leave();
		const next = supervised.next();
		const start = next.start(change().plan, noTakeOver, signal);
		await reached;
		assert.equal(kindOf(next), 'live');
		endFirst(supervised);
		await start;
		assert.deepEqual([idsOf(supervised), next.history().restarts], [['memory 2'], 1]);
	});

	test('continues where the start that adopted it is cancelled during the pull of its replacement', async () => {
		const { wait, reached } = gate();
		const onPrepare = async (...[{ env }, , aborted]: Prepare) => {
			if (!('NEW' in env)) return;
			void wait();
			await sleep(60_000, undefined, { signal: aborted });
		};
		await using supervised = await started({ onPrepare });
		await supervised.supervisor.leave();
		const next = supervised.next();
		const impatient = new AbortController();
		const refused = assert.rejects(next.start(change().plan, noTakeOver, impatient.signal));
		await reached;
		impatient.abort();
		await refused;
		const state = next.history().state;
		assert.deepEqual([idsOf(supervised), state.kind === 'live' && state.problem], [['memory 1'], '']);
	});

	test('gives way to an update that comes while its replacement is pulled', async () => {
		const { wait, reached } = gate();
		const onPrepare = async (...[{ env }, , aborted]: Prepare) => {
			if (!('NEW' in env)) return;
			void wait();
			await sleep(60_000, undefined, { signal: aborted });
		};
		await using supervised = await started({ onPrepare });
		await supervised.supervisor.leave();
		const next = supervised.next();
		const start = next.start(change().plan, noTakeOver, signal);
		await reached;
		assert.equal(await next.replace(change({ plan: envoySpecOf({}, { env: { NEWER: '1' } }) }), signal), 'replaced');
		await start;
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
	});

	test('is ended by a stop also before it has answered', async () => {
		let isAsked = false;
		const { wait, reached, open } = gate();
		await using supervised = await started({ onAsk: () => (isAsked ? wait() : Promise.resolve()) });
		await supervised.supervisor.leave();
		isAsked = true;
		const next = supervised.next();
		const refused = assert.rejects(next.start(envoySpecOf(), noTakeOver, signal));
		await reached;
		const stop = next.stop();
		open();
		await Promise.all([stop, refused]);
		assert.deepEqual(supervised.world.instances(), []);
	});

	test('is adopted also where an update has failed before the first start', async () => {
		await using supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		const takeOver = async () => Promise.reject(new Failure('firewall', 'Cannot commit', 'r'));
		await assert.rejects(next.replace(change({ takeOver }), signal), /Cannot commit/);
		await next.start(envoySpecOf(), noTakeOver, signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 1'], 'live']);
	});

	test('is looked for by the first start only', async () => {
		let looks = 0;
		await using supervised = await started({ onAdopt: async () => void looks++ });
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await until(supervised.supervisor, 'live');
		assert.equal(looks, 1);
	});
});

type Prepare = Parameters<NonNullable<Options['onPrepare']>>;
