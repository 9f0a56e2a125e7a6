import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import type { Program } from '../../support/memory-proxy.ts';
import { envoySpecOf, noTakeOver, type Options, type Supervised, supervise } from '../../support/supervised.ts';
import {
	change,
	endFirst,
	idsOf,
	kindOf,
	pastPause,
	signal,
	started,
	stateOf,
	until,
} from '../../support/supervising.ts';

const away = new Failure('docker', 'Cannot start Envoy: Docker is away', 'Start Docker');
const nowhere = change({ plan: envoySpecOf({}, { command: 'nowhere' }) });
const environments = ({ world }: Supervised) => world.running().map(({ spec }) => spec.env);

type Prepare = Parameters<NonNullable<Options['onPrepare']>>;

/** Its first start waits for Docker. */
function waiting(onPrepare: (...args: Prepare) => Promise<void> = async () => undefined) {
	let isAway = true;
	const onStart = async ({ env }: { readonly env: object }) => {
		if (isAway && !('NEW' in env)) throw away;
	};
	const becomeReachable = () => {
		isAway = false;
	};
	return { supervised: supervise({ onStart, onPrepare }), becomeReachable };
}

describe('a replacement during the first start', { concurrency: true }, () => {
	test('is the start, which resolves with it', async () => {
		await using supervised = waiting().supervised;
		const { supervisor } = supervised;
		const start = supervisor.start(envoySpecOf(), noTakeOver, signal);
		await until(supervisor, 'failed');
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
		await start;
		await pastPause();
		assert.deepEqual(environments(supervised), [{ NEW: '1' }]);
	});

	test('that fails lets the start go on', async () => {
		const { supervised, becomeReachable } = waiting();
		await using _ = supervised;
		const { supervisor } = supervised;
		const start = supervisor.start(envoySpecOf(), noTakeOver, signal);
		await until(supervisor, 'failed');
		const message = /no program "nowhere"; the former is started again$/;
		await assert.rejects(supervisor.replace(nowhere, signal), { message });
		becomeReachable();
		await start;
		await pastPause();
		assert.deepEqual([environments(supervised), kindOf(supervisor)], [[{}], 'live']);
	});

	test('does not wait for the pull of that start, which it cancels', async () => {
		const onPrepare = async (...[{ env }, , aborted]: Prepare) => {
			if (!('NEW' in env)) await sleep(60_000, undefined, { signal: aborted });
		};
		await using supervised = supervise({ onPrepare });
		const { supervisor, histories } = supervised;
		const start = supervisor.start(envoySpecOf(), noTakeOver, signal);
		await eventually(
			() => supervised.world.instances().length,
			() => true,
		);
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
		await start;
		assert.deepEqual(
			histories.filter(({ state }) => state.kind === 'failed'),
			[],
			'a start that gave way has not failed',
		);
	});
});

describe('a pull', { concurrency: true }, () => {
	const pulling =
		(kinds: string[], kindOfNow: () => string) =>
		async (...[, onProgress]: Prepare) => {
			onProgress({ image: 'envoy:1', layers: [] });
			kinds.push(kindOfNow());
		};

	test('for a start is the state, and one beside a live Envoy is not', async () => {
		const kinds: string[] = [];
		await using supervised = supervise({ onPrepare: pulling(kinds, () => kindOf(supervised.supervisor)) });
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf(), noTakeOver, signal);
		await supervisor.replace(change(), signal);
		assert.deepEqual(kinds, ['pulling', 'live']);
	});

	test('for a replacement while nothing runs is not the state either: the restart is', async () => {
		const kinds: string[] = [];
		const { supervised } = waiting(pulling(kinds, () => kindOf(supervised.supervisor)));
		await using _ = supervised;
		const start = supervised.supervisor.start(envoySpecOf(), noTakeOver, signal);
		await until(supervised.supervisor, 'failed');
		kinds.length = 0;
		await supervised.supervisor.replace(change(), signal);
		await start;
		assert.deepEqual(kinds.slice(0, 1), ['failed']);
	});
});

describe('a replacement while nothing runs', { concurrency: true }, () => {
	test('is LIVE after a first start that was given up', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await assert.rejects(supervisor.start(nowhere.plan, noTakeOver, signal));
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
		assert.deepEqual([environments(supervised), kindOf(supervisor)], [[{ NEW: '1' }], 'live']);
		endFirst(supervised);
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
	});

	test('and fails, before the first start, starts nothing', async () => {
		await using supervised = supervise();
		const { supervisor, events } = supervised;
		await assert.rejects(
			supervisor.replace(change({ takeOver: () => Promise.reject(new Error('no')) }), signal),
			/no; the former/,
		);
		await pastPause();
		assert.deepEqual([idsOf(supervised), events], [[], []]);
	});
});

describe('the back-off', { concurrency: true }, () => {
	test('lasts at least as long as it was said to, before each start', async () => {
		const times: number[] = [];
		const onStart = async () => {
			times.push(performance.now());
			if (times.length < 3) throw away;
		};
		await using supervised = await started({ onStart });
		const pauses = supervised.histories.flatMap(({ state }) => (state.kind === 'failed' ? [state.retryMs ?? 0] : []));
		const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0));
		assert.equal(pauses.length, 2);
		for (const [at, pause] of pauses.entries()) assert.ok((gaps[at] ?? 0) > pause - 5, `${gaps} after ${pauses}`);
	});

	test('is reset by an Envoy that was stable for as long as the settings say, and by no other', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf({ stableSeconds: 0.5 }), noTakeOver, signal);
		const failures: number[] = [];
		for (const livesMs of [0, 0, 600]) {
			await sleep(livesMs);
			endFirst(supervised);
			await until(supervisor, 'failed');
			failures.push(supervisor.history().failures);
			await until(supervisor, 'live');
		}
		assert.deepEqual(failures, [1, 2, 1]);
	});

	test('is reset only once by it: starts that fail afterwards wait longer and longer', async () => {
		let starts = 0;
		const onStart = async () => {
			starts += 1;
			if (starts > 1 && starts < 4) throw away;
		};
		await using supervised = supervise({ onStart });
		const { supervisor, histories } = supervised;
		await supervisor.start(envoySpecOf({ stableSeconds: 0 }), noTakeOver, signal);
		endFirst(supervised);
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		const failed = histories.filter(({ state }) => state.kind === 'failed');
		assert.deepEqual(
			failed.map(({ failures }) => failures),
			[1, 2, 3],
		);
	});
});

describe('a restart', { concurrency: true }, () => {
	test('is one, and the new Envoy has the configured name', async () => {
		await using supervised = await started();
		const { supervisor, world } = supervised;
		endFirst(supervised);
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		await eventually(
			() => world.nameHolder(),
			(id) => id === 'memory 2',
		);
		await pastPause();
		assert.deepEqual([idsOf(supervised), supervisor.history().restarts], [['memory 2'], 1]);
	});

	test('reads the files of the plan that is in force, and keeps no others', async () => {
		const files = { '/etc/envoy.json': '{}' };
		await using supervised = supervise();
		const { supervisor, bootstraps } = supervised;
		await supervisor.start(envoySpecOf({}, { files }), noTakeOver, signal);
		assert.deepEqual([bootstraps.written, bootstraps.kept], [[files], [files]]);
		const broken = change({ plan: envoySpecOf({}, { command: 'nowhere', files: { '/etc/other.json': '{}' } }) });
		await assert.rejects(supervisor.replace(broken, signal));
		assert.deepEqual(bootstraps.kept.at(-1), files);
		endFirst(supervised);
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual([bootstraps.written.at(-1), bootstraps.kept.at(-1)], [files, files]);
	});

	test('is reported with the last line of the Envoy that ended, and not with that of another', async () => {
		const speaks: Program = async ({ say, terminated }) => {
			say('hello from Envoy');
			await terminated;
			return 0;
		};
		const programs = { envoy: () => speaks };
		await using supervised = await started({ programs });
		const { supervisor, output } = supervised;
		await assert.rejects(supervisor.replace(nowhere, signal));
		endFirst(supervised);
		await until(supervisor, 'failed');
		const state = stateOf(supervisor);
		assert.equal(state.kind === 'failed' && state.why, 'Envoy ended with code 7; its last line: hello from Envoy');
		assert.equal(output[0], 'hello from Envoy');
	});
});
