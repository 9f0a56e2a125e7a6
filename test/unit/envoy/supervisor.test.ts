import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import type { AdminState } from '../../support/memory-admin.ts';
import { envoySpecOf, noTakeOver, type Options, supervise, untilTerminated } from '../../support/supervised.ts';
import { endFirst, idsOf, kindOf, signal, started, stateOf, until } from '../../support/supervising.ts';

describe('the first start', { concurrency: true }, () => {
	test('resolves when Envoy is LIVE and listens, and not before', async () => {
		const said: AdminState[] = [];
		const slow = (admin: AdminState) => {
			said.push(Object.assign(admin, { state: 'INITIALIZING', ports: [] }));
			return untilTerminated;
		};
		await using supervised = supervise({ programs: { slow } });
		const { supervisor, events, histories } = supervised;
		const start = supervisor.start(envoySpecOf({}, { command: 'slow' }), noTakeOver, signal);
		const missing = () => histories.flatMap(({ state }) => (state.kind === 'starting' ? [state.missing] : []));
		await eventually(missing, (all) => all.includes('INITIALIZING'));
		Object.assign(said[0] ?? {}, { state: 'LIVE' });
		await eventually(missing, (all) => all.includes('LIVE, but nothing listens on 15001 (egressPort)'));
		Object.assign(said[0] ?? {}, { ports: [15001] });
		await start;
		assert.deepEqual(events, ['starting memory 1', 'live memory 1']);
	});

	test('that is not wanted any more just when Envoy is LIVE ends, and leaves nothing that runs', async () => {
		const wanted = new AbortController();
		await using supervised = supervise({ onAsk: async () => wanted.abort() });
		const { supervisor, world } = supervised;
		await assert.rejects(supervisor.start(envoySpecOf(), noTakeOver, wanted.signal), { name: 'AbortError' });
		assert.deepEqual(world.running(), []);
	});

	const final: readonly (readonly [title: string, part: Parameters<typeof envoySpecOf>[1], why: RegExp])[] = [
		['a program that is not there', { command: 'nowhere' }, /there is no program "nowhere"/],
		['an Envoy that ends', { command: 'ends' }, /^Cannot start Envoy: Envoy ended with code 3; its last line: bye$/],
		['an Envoy that is never LIVE', { command: 'never' }, /was not LIVE within 1\.5 s \(INITIALIZING\)$/],
		[
			'an Envoy that listens elsewhere',
			{ command: 'elsewhere' },
			/not LIVE within 1\.5 s \(LIVE, but nothing listens on 15001 \(egressPort\)\)$/,
		],
	];
	const programs: Options = {
		programs: {
			ends: () => async (run) => {
				run.say('bye');
				return 3;
			},
			never: (admin) => {
				admin.state = 'INITIALIZING';
				return untilTerminated;
			},
			elsewhere: (admin) => {
				admin.ports = [8080];
				return untilTerminated;
			},
		},
	};
	for (const [title, part, why] of final)
		test(`with ${title} fails for good, and leaves nothing that runs`, async () => {
			await using supervised = supervise(programs);
			const { supervisor, world } = supervised;
			const startedMs = performance.now();
			await assert.rejects(supervisor.start(envoySpecOf({ startSeconds: 1.5 }, part), noTakeOver, signal), {
				code: 'envoy',
				message: why,
			});
			assert.ok(performance.now() - startedMs < 5_500, 'after startSeconds at the latest');
			const state = stateOf(supervisor);
			assert.equal(state.kind === 'failed' && state.retryMs, undefined);
			assert.equal(await supervisor.counters('upstream', signal), undefined);
			assert.deepEqual(world.running(), []);
		});

	test('fails while another program has its port, and names that program', async () => {
		const everywhere = { family: 'ipv4', address: '0.0.0.0', isIpv6Only: false, isTransparent: false } as const;
		const taken = { ...everywhere, port: 15001, uid: 0, owner: () => 'nginx (pid 7)' };
		let looks = 0;
		await using supervised = supervise({ listeners: [taken], onAdopt: async () => void looks++ });
		const { supervisor, world } = supervised;
		await assert.rejects(supervisor.start(envoySpecOf(), noTakeOver, signal), {
			message: 'Cannot start Envoy: port 15001 (egressPort) is taken by nginx (pid 7)',
		});
		assert.equal(looks, 1, 'a first start ends no Envoy for its port');
		assert.deepEqual(world.instances(), []);
	});

	for (const code of ['docker', 'registry'] as const)
		test(`is retried while ${code} is away, until it works`, async () => {
			let left = 2;
			const onPrepare = async () => {
				if (left-- > 0) throw new Failure(code, 'Cannot start Envoy: away', 'Bring it back');
			};
			await using supervised = await started({ onPrepare });
			const { supervisor, histories } = supervised;
			const failures = histories.flatMap(({ state }) => (state.kind === 'failed' ? [state] : []));
			assert.deepEqual(
				failures.map(({ why }) => why),
				['Cannot start Envoy: away', 'Cannot start Envoy: away'],
			);
			assertGrowing(failures.map(({ retryMs }) => retryMs));
			assert.equal(kindOf(supervisor), 'live');
		});

	test('that is retried ends when it is no longer wanted', async () => {
		const onPrepare = async () => {
			throw new Failure('registry', 'Cannot pull: away', 'Bring it back');
		};
		await using supervised = supervise({ onPrepare });
		const { supervisor } = supervised;
		const impatient = new AbortController();
		const start = supervisor.start(envoySpecOf(), noTakeOver, impatient.signal);
		await until(supervisor, 'failed');
		impatient.abort();
		await assert.rejects(start);
		await supervisor.stop();
		assert.equal(kindOf(supervisor), 'absent');
	});
});

function assertGrowing(pauses: readonly (number | undefined)[]): void {
	const sorted = pauses.map(Number).toSorted((a, b) => a - b);
	assert.deepEqual(pauses, sorted);
	assert.equal(new Set(sorted).size, pauses.length);
}

describe('an Envoy that ends by itself', { concurrency: true }, () => {
	test('is restarted, after a longer pause each time that it was not stable', async () => {
		await using supervised = await started();
		const { supervisor, events } = supervised;
		const pauses: (number | undefined)[] = [];
		for (const _ of [1, 2]) {
			endFirst(supervised);
			const state = await eventually(
				() => stateOf(supervisor),
				({ kind }) => kind === 'failed',
			);
			pauses.push(state.kind === 'failed' ? state.retryMs : undefined);
			await until(supervisor, 'live');
		}
		assertGrowing(pauses);
		assert.equal(supervisor.history().restarts, 2);
		assert.equal(supervisor.history().lastExit, 'ended with code 7');
		assert.deepEqual(
			events.filter((words) => words.startsWith('live')),
			['live memory 1', 'live memory 2', 'live memory 3'],
		);
	});

	test('is restarted after the shortest pause once it was stable', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf({ stableSeconds: 0 }), noTakeOver, signal);
		for (const _ of [1, 2]) {
			endFirst(supervised);
			await until(supervisor, 'failed');
			assert.equal(supervisor.history().failures, 1);
			await until(supervisor, 'live');
		}
	});

	test('is started once more when its restart fails, and the reason is reported', async () => {
		let starts = 0;
		const onStart = async () => {
			starts += 1;
			if (starts === 2) throw new Failure('docker', 'Cannot start Envoy: nobody answers', 'Start Docker');
		};
		await using supervised = await started({ onStart });
		endFirst(supervised);
		const whys = () => supervised.histories.flatMap(({ state }) => (state.kind === 'failed' ? [state.why] : []));
		await eventually(whys, (all) => all.includes('Cannot start Envoy: nobody answers'));
		await until(supervised.supervisor, 'live');
		assert.deepEqual([starts, idsOf(supervised).length], [3, 1]);
	});

	test('is not pulled again for a restart, though `pull` is always', async () => {
		const pulls: string[] = [];
		await using supervised = supervise({ onPrepare: async ({ pull }) => void pulls.push(pull) });
		await supervised.supervisor.start(envoySpecOf({}, { pull: 'always' }), noTakeOver, signal);
		endFirst(supervised);
		await eventually(
			() => supervised.supervisor.history().restarts,
			(restarts) => restarts === 1,
		);
		await supervised.supervisor.stop();
		assert.deepEqual(pulls, ['always', 'missing']);
	});
});
