import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Life } from '../../../src/envoy/life.ts';
import type { Change, Supervisor } from '../../../src/envoy/supervise.ts';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import { type Options, planOf, type Saying, type Supervised, supervise, untilTold } from '../../support/supervised.ts';

const signal = AbortSignal.timeout(60_000);
const lifeOf = (supervisor: Supervisor): Life => supervisor.history().life;
const kindOf = (supervisor: Supervisor): Life['kind'] => lifeOf(supervisor).kind;
const idsOf = ({ world }: Supervised): string[] => world.running().map(({ id }) => id);
const until = (supervisor: Supervisor, kind: Life['kind']) =>
	eventually(
		() => kindOf(supervisor),
		(is) => is === kind,
		2_000,
	);

/** Another Envoy than the plan of `planOf()`. */
const change = (part: Partial<Change> = {}): Change => ({
	plan: planOf({}, { env: { NEW: '1' } }),
	isUpdate: false,
	takeOver: async () => undefined,
	...part,
});

const made: Supervised[] = [];

function begin(options: Options = {}): Supervised {
	const supervised = supervise(options);
	made.push(supervised);
	return supervised;
}

afterEach(async () => {
	for (const { supervisors, world } of made.splice(0)) {
		await Promise.all(supervisors.map((supervisor) => supervisor.stop()));
		assert.deepEqual(world.running(), [], 'nothing is left');
	}
});

async function started(options: Options = {}): Promise<Supervised> {
	const supervised = begin(options);
	await supervised.supervisor.start(planOf(), signal);
	return supervised;
}

function endFirst({ world }: Supervised, code = 7): void {
	const [body] = world.running();
	assert.ok(body !== undefined);
	world.end(body, { code, signal: undefined });
}

/** Waits where it is asked to, until it is let on. */
function gate() {
	const reached = Promise.withResolvers<void>();
	const opened = Promise.withResolvers<void>();
	const wait = async () => {
		reached.resolve();
		await opened.promise;
	};
	return { wait, reached: reached.promise, open: opened.resolve };
}

describe('the first start', () => {
	test('resolves when Envoy is LIVE and listens, and not before', async () => {
		const said: Saying[] = [];
		const slow = (saying: Saying) => {
			said.push(Object.assign(saying, { state: 'INITIALIZING', ports: [] }));
			return untilTold;
		};
		const { supervisor, told, histories } = begin({ programs: { slow } });
		const start = supervisor.start(planOf({}, { command: 'slow' }), signal);
		const missing = () => histories.flatMap(({ life }) => (life.kind === 'starting' ? [life.missing] : []));
		await eventually(missing, (all) => all.includes('INITIALIZING'));
		Object.assign(said[0] ?? {}, { state: 'LIVE' });
		await eventually(missing, (all) => all.includes('LIVE, but nothing listens on 15001 (egressPort)'));
		Object.assign(said[0] ?? {}, { ports: [15001] });
		await start;
		assert.deepEqual(told, ['starting memory 1', 'live memory 1']);
	});

	const final: readonly (readonly [title: string, part: Parameters<typeof planOf>[1], why: RegExp])[] = [
		['a program that is not there', { command: 'nowhere' }, /there is no program "nowhere"/],
		['an Envoy that ends', { command: 'ends' }, /^Cannot start Envoy: Envoy ended with code 3; its last line: bye$/],
		['an Envoy that is never LIVE', { command: 'never' }, /was not LIVE within 0\.4 s \(INITIALIZING\)$/],
		[
			'an Envoy that listens elsewhere',
			{ command: 'elsewhere' },
			/not LIVE within 0\.4 s \(LIVE, but nothing listens on 15001 \(egressPort\)\)$/,
		],
	];
	const programs: Options = {
		programs: {
			ends: () => async (run) => {
				run.say('bye');
				return 3;
			},
			never: (saying) => {
				saying.state = 'INITIALIZING';
				return untilTold;
			},
			elsewhere: (saying) => {
				saying.ports = [8080];
				return untilTold;
			},
		},
	};
	for (const [title, part, why] of final)
		test(`with ${title} fails for good, and leaves nothing that runs`, async () => {
			const { supervisor, world } = begin(programs);
			await assert.rejects(supervisor.start(planOf({}, part), signal), { code: 'envoy', message: why });
			const life = lifeOf(supervisor);
			assert.equal(life.kind === 'failed' && life.retryMs, undefined);
			assert.deepEqual(world.running(), []);
		});

	test('is refused while somebody else has its port, and says who', async () => {
		const taken = { family: 'ipv4', port: 15001, uid: 0, owner: () => 'nginx (pid 7)' } as const;
		const { supervisor, world } = begin({ listeners: [taken] });
		await assert.rejects(supervisor.start(planOf(), signal), {
			message: 'Cannot start Envoy: port 15001 (egressPort) is taken by nginx (pid 7)',
		});
		assert.deepEqual(world.bodies(), []);
	});

	for (const code of ['docker', 'registry'] as const)
		test(`is tried again where ${code} may be back, until it works`, async () => {
			let left = 2;
			const onPrepare = async () => {
				if (left-- > 0) throw new Failure(code, 'Cannot start Envoy: away', 'Bring it back');
			};
			const { supervisor, histories } = await started({ onPrepare });
			const failures = histories.flatMap(({ life }) => (life.kind === 'failed' ? [life] : []));
			assert.deepEqual(
				failures.map(({ why }) => why),
				['Cannot start Envoy: away', 'Cannot start Envoy: away'],
			);
			assertGrowing(failures.map(({ retryMs }) => retryMs));
			assert.equal(kindOf(supervisor), 'live');
		});

	test('that is tried again ends when it is no longer wanted', async () => {
		const onPrepare = async () => {
			throw new Failure('registry', 'Cannot pull: away', 'Bring it back');
		};
		const { supervisor } = begin({ onPrepare });
		const impatient = new AbortController();
		const start = supervisor.start(planOf(), impatient.signal);
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

describe('an Envoy that ends by itself', () => {
	test('is started again, after a longer pause each time that it does not live long', async () => {
		const supervised = await started();
		const { supervisor, told } = supervised;
		const pauses: (number | undefined)[] = [];
		for (const _ of [1, 2]) {
			endFirst(supervised);
			const life = await eventually(
				() => lifeOf(supervisor),
				({ kind }) => kind === 'failed',
			);
			pauses.push(life.kind === 'failed' ? life.retryMs : undefined);
			await until(supervisor, 'live');
		}
		assertGrowing(pauses);
		assert.equal(supervisor.history().restarts, 2);
		assert.equal(supervisor.history().lastExit, 'ended with code 7');
		assert.deepEqual(
			told.filter((words) => words.startsWith('live')),
			['live memory 1', 'live memory 2', 'live memory 3'],
		);
	});

	test('begins with the shortest pause again once it has been stable', async () => {
		const supervised = begin();
		const { supervisor } = supervised;
		await supervisor.start(planOf({ stableSeconds: 0 }), signal);
		for (const _ of [1, 2]) {
			endFirst(supervised);
			await until(supervisor, 'failed');
			assert.equal(supervisor.history().failures, 1);
			await until(supervisor, 'live');
		}
	});

	test('is tried again when its own next start fails, and says why that was', async () => {
		let starts = 0;
		const onStart = async () => {
			starts += 1;
			if (starts === 2) throw new Failure('docker', 'Cannot start Envoy: nobody answers', 'Start Docker');
		};
		const supervised = await started({ onStart });
		endFirst(supervised);
		const whys = () => supervised.histories.flatMap(({ life }) => (life.kind === 'failed' ? [life.why] : []));
		await eventually(whys, (all) => all.includes('Cannot start Envoy: nobody answers'));
		await until(supervised.supervisor, 'live');
		assert.deepEqual([starts, idsOf(supervised).length], [3, 1]);
	});

	test('is not pulled again each time, where it is always pulled at a start', async () => {
		const pulls: string[] = [];
		const supervised = begin({ onPrepare: async ({ pull }) => void pulls.push(pull) });
		await supervised.supervisor.start(planOf({}, { pull: 'always' }), signal);
		endFirst(supervised);
		await eventually(
			() => supervised.supervisor.history().restarts,
			(restarts) => restarts === 1,
		);
		await supervised.supervisor.stop();
		assert.deepEqual(pulls, ['always', 'missing']);
	});
});

describe('an Envoy that is LIVE', () => {
	test('is in trouble while it does not listen where it should, and well again when it does', async () => {
		const { supervisor, sayings } = await started();
		const trouble = () => {
			const life = lifeOf(supervisor);
			return life.kind === 'live' ? life.trouble : life.kind;
		};
		const [saying] = sayings.values();
		Object.assign(saying ?? {}, { ports: [9901] });
		await eventually(trouble, (words) => words === 'LIVE, but nothing listens on 15001 (egressPort)');
		Object.assign(saying ?? {}, { ports: [15001] });
		await eventually(trouble, (words) => words === '');
	});

	test('is ended and started again when it has not answered so often in a row', async () => {
		const { supervisor, sayings, histories, told } = await started();
		Object.assign([...sayings.values()][0] ?? {}, { isSilent: true });
		await until(supervisor, 'failed');
		const life = lifeOf(supervisor);
		assert.match(life.kind === 'failed' ? life.why : '', /^Envoy did not answer 3 times in a row on its admin port/);
		const troubles = histories.flatMap((one) => (one.life.kind === 'live' ? [one.life.trouble] : []));
		assert.ok(troubles.includes('Envoy has not answered 1 times in a row on its admin port'), String(troubles));
		await until(supervisor, 'live');
		assert.equal(told.at(-1), 'live memory 2');
	});
});

describe('a replacement', () => {
	test('is LIVE and has taken over before the former lets go, and the former is gone', async () => {
		const { supervisor, told, world } = await started();
		const takeOver = async () => void told.push(`take over with ${world.running().length}`);
		assert.equal(await supervisor.replace(change({ takeOver }), signal), 'replaced');
		await eventually(
			() => world.bearer(),
			(id) => id === 'memory 2',
		);
		assert.deepEqual(told, ['starting memory 1', 'live memory 1', 'take over with 2', 'drain at-once memory 1']);
		assert.deepEqual(
			world.bodies().map(({ id }) => id),
			['memory 2'],
		);
		assert.deepEqual([kindOf(supervisor), supervisor.history().restarts], ['live', 0]);
	});

	test('takes over the ports of the listeners, and not the admin port, which the former keeps', async () => {
		const { supervisor, handedOver } = await started();
		await supervisor.replace(change(), signal);
		assert.deepEqual(handedOver, [[15001]]);
	});

	test("waits for the former's connections before it ends it, for as long as they may take", async () => {
		const { supervisor, sayings, world } = await started();
		const [former] = sayings.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change({ plan: planOf({ drainSeconds: 30 }, { env: { NEW: '1' } }) }), signal);
		await eventually(
			() => former?.hasLetGo,
			(hasLetGo) => hasLetGo === true,
		);
		assert.equal(world.running().length, 2);
		Object.assign(former ?? {}, { connections: 0 });
		await eventually(
			() => world.running().length,
			(count) => count === 1,
		);
	});

	test('is the same Envoy where nothing differs, and what is expected of it is taken over', async () => {
		const supervised = await started();
		const { supervisor, told } = supervised;
		const takeOver = async () => void told.push('take over');
		const plan = planOf({ drainSeconds: 1 });
		assert.equal(await supervisor.replace(change({ plan, takeOver }), signal), 'same');
		assert.equal(told.at(-1), 'take over');
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('by an update is the same Envoy where its image has not changed', async () => {
		const supervised = await started();
		assert.equal(await supervised.supervisor.replace(change({ plan: planOf(), isUpdate: true }), signal), 'same');
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('is refused where the same Envoy does not listen on the new ports', async () => {
		const supervised = await started();
		const plan = planOf({ ports: { egressPort: 15009 } });
		await assert.rejects(supervised.supervisor.replace(change({ plan }), signal), {
			message: /nothing listens on 15009 \(egressPort\); the former goes on$/,
		});
	});

	const failing: readonly (readonly [title: string, part: Partial<Change>, why: RegExp])[] = [
		['whose program is not there', { plan: planOf({}, { command: 'nowhere' }) }, /no program "nowhere"/],
		['that ends', { plan: planOf({}, { command: 'ends' }) }, /Envoy ended with code 3/],
		['that is never LIVE', { plan: planOf({ startSeconds: 0.1 }, { command: 'never' }) }, /was not LIVE/],
		[
			'that traffic cannot be led to',
			{ takeOver: async () => Promise.reject(new Failure('firewall', 'Cannot commit', 'r')) },
			/^Cannot commit/,
		],
	];
	for (const [title, part, why] of failing)
		test(`${title} leaves the former as it was, and nothing of its own`, async () => {
			const programs = {
				ends: () => async () => 3,
				never: (saying: Saying) => {
					saying.state = 'INITIALIZING';
					return untilTold;
				},
			};
			const supervised = await started({ programs });
			const { supervisor, told } = supervised;
			await assert.rejects(supervisor.replace(change(part), signal), (error) => {
				assert.ok(error instanceof Failure);
				assert.match(error.message, why);
				assert.match(error.message, /; the former goes on$/);
				return true;
			});
			assert.deepEqual(idsOf(supervised), ['memory 1']);
			assert.deepEqual([told, kindOf(supervisor)], [['starting memory 1', 'live memory 1'], 'live']);
			endFirst(supervised);
			await eventually(
				() => supervised.world.running()[0]?.spec.env,
				(env) => env !== undefined,
			);
			assert.deepEqual(supervised.world.running()[0]?.spec.env, {});
		});

	test('is refused while another one is under way, which goes on', async () => {
		const { wait, reached, open } = gate();
		const { supervisor } = await started();
		const first = supervisor.replace(change({ takeOver: wait }), signal);
		await reached;
		await assert.rejects(supervisor.replace(change(), signal), {
			message: /another update is under way/,
		});
		await assert.rejects(supervisor.replace(change(), signal), { message: /another update is under way/ });
		open();
		assert.equal(await first, 'replaced');
		assert.equal(await supervisor.replace(change(), signal), 'same');
	});

	test('takes over from a former that ends in the meantime, which is not started again', async () => {
		const { wait, reached, open } = gate();
		const supervised = await started();
		const { supervisor, world } = supervised;
		const replacing = supervisor.replace(change({ takeOver: wait }), signal);
		await reached;
		endFirst(supervised);
		await until(supervisor, 'failed');
		open();
		assert.equal(await replacing, 'replaced');
		assert.equal(kindOf(supervisor), 'live');
		assert.deepEqual([idsOf(supervised), world.bearer()], [['memory 2'], 'memory 2']);
	});

	test('that fails after its former has ended starts the former again', async () => {
		const { wait, reached, open } = gate();
		const supervised = await started();
		const { supervisor, world } = supervised;
		const takeOver = async () => {
			await wait();
			throw new Failure('firewall', 'Cannot commit', 'r');
		};
		const replacing = supervisor.replace(change({ takeOver }), signal);
		await reached;
		endFirst(supervised);
		open();
		await assert.rejects(replacing, { message: 'Cannot commit; the former is started again' });
		await until(supervisor, 'live');
		assert.deepEqual(
			world.running().map(({ spec }) => spec.env),
			[{}],
		);
	});

	test('whose pull fails after the former has ended starts the former again', async () => {
		const { wait, reached, open } = gate();
		let prepares = 0;
		const supervised = await started({
			async onPrepare(_, onProgress) {
				prepares += 1;
				if (prepares !== 2) return;
				await wait();
				onProgress({ image: 'envoy:2', layers: [] });
				throw new Failure('registry', 'Cannot pull', 'r');
			},
		});
		const replacing = supervised.supervisor.replace(change(), signal);
		await reached;
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		open();
		await assert.rejects(replacing, { message: 'Cannot pull; the former is started again' });
		await until(supervised.supervisor, 'live');
	});

	test('of an Envoy that waits to be started again is the only one that is started', async () => {
		const supervised = await started();
		const { supervisor, world, told } = supervised;
		endFirst(supervised);
		await until(supervisor, 'failed');
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
		await pastPause();
		assert.deepEqual([idsOf(supervised), kindOf(supervisor)], [['memory 2'], 'live']);
		assert.deepEqual(told.slice(2), ['failed', 'live memory 2']);
		assert.equal(world.bearer(), 'memory 2');
	});

	test('that fails while Envoy waits to be started again does not have it started twice', async () => {
		let starts = 0;
		const onStart = async () => {
			starts += 1;
		};
		const supervised = await started({ onStart });
		const { supervisor } = supervised;
		endFirst(supervised);
		await until(supervisor, 'failed');
		await assert.rejects(supervisor.replace(change({ plan: planOf({}, { command: 'nowhere' }) }), signal));
		await until(supervisor, 'live');
		await pastPause();
		assert.deepEqual([starts, idsOf(supervised).length, kindOf(supervisor)], [2, 1, 'live']);
	});
});

/** Longer than the first pause before a restart; what must not happen then can only be seen by waiting for it. */
const pastPause = () => new Promise((resolve) => setTimeout(resolve, 400));

describe('the end of supervision', () => {
	test('ends Envoy, and it is not started again', async () => {
		const { supervisor, world } = await started();
		await supervisor.stop();
		assert.deepEqual([world.bodies(), kindOf(supervisor)], [[], 'absent']);
	});

	test('gives captured connections their time, asking clients to come back elsewhere', async () => {
		let captured = 1;
		const { supervisor, told, world } = await started({ captured: () => captured });
		const stop = supervisor.stop();
		await eventually(
			() => told.at(-1),
			(words) => words === 'drain graceful memory 1',
		);
		assert.deepEqual([world.running().length, kindOf(supervisor)], [1, 'draining']);
		captured = 0;
		await stop;
		assert.deepEqual(world.bodies(), []);
	});

	test('does not wait longer for connections than it may', async () => {
		const { supervisor, world } = await started({ captured: () => 1 });
		await supervisor.stop();
		assert.deepEqual(world.bodies(), []);
	});

	test('waits for a former that is still being retired', async () => {
		const { supervisor, sayings, world } = await started();
		const [former] = sayings.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change(), signal);
		assert.equal(world.running().length, 2);
		await supervisor.stop();
		assert.deepEqual(world.bodies(), []);
	});

	test('comes before a restart that waits for its pause', async () => {
		const supervised = await started();
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await supervised.supervisor.stop();
		assert.deepEqual(idsOf(supervised), []);
		await pastPause();
		assert.deepEqual(idsOf(supervised), []);
	});

	/** Nobody but its start asks it where it listens. */
	const unwatched = planOf({ healthSeconds: 60 });
	const moments = ['onPrepare', 'onStart', 'onAsk'] as const;
	for (const moment of moments)
		test(`leaves nothing of a first start that is under way (${moment})`, async () => {
			const { wait, reached, open } = gate();
			const supervised = begin({ [moment]: wait });
			const start = supervised.supervisor.start(unwatched, signal);
			const refused = assert.rejects(start);
			await reached;
			const stop = supervised.supervisor.stop();
			open();
			await stop;
			assert.deepEqual(idsOf(supervised), []);
			await refused;
			assert.deepEqual(idsOf(supervised), []);
		});

	for (const moment of moments)
		test(`leaves nothing of a restart that is under way (${moment})`, async () => {
			const { wait, reached, open } = gate();
			let isFirst = true;
			const supervised = begin({ [moment]: () => (isFirst ? Promise.resolve() : wait()) });
			await supervised.supervisor.start(unwatched, signal);
			isFirst = false;
			endFirst(supervised);
			await reached;
			const stop = supervised.supervisor.stop();
			open();
			await stop;
			assert.deepEqual(idsOf(supervised), []);
		});

	for (const moment of [...moments, 'takeOver'] as const)
		test(`leaves nothing of a replacement that is under way (${moment})`, async () => {
			const { wait, reached, open } = gate();
			let isFirst = true;
			const once = () => (isFirst ? Promise.resolve() : wait());
			const supervised = begin(moment === 'takeOver' ? {} : { [moment]: once });
			await supervised.supervisor.start(unwatched, signal);
			isFirst = false;
			const replacing = supervised.supervisor
				.replace(change(moment === 'takeOver' ? { takeOver: wait } : {}), signal)
				.catch(() => undefined);
			await reached;
			const stop = supervised.supervisor.stop();
			open();
			await stop;
			assert.deepEqual(idsOf(supervised), []);
			await replacing;
			assert.deepEqual(idsOf(supervised), []);
		});
});

describe('an Envoy that was left running', () => {
	test('is found by the next daemon, which goes on with it', async () => {
		const supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(planOf(), signal);
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
		const supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(change().plan, signal);
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
	});

	test('goes on, in trouble, where the next daemon cannot replace it', async () => {
		const supervised = await started();
		await supervised.supervisor.leave();
		const next = supervised.next();
		await next.start(planOf({}, { command: 'nowhere' }), signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 1'], 'live']);
	});

	test('and answers no more is ended by the next daemon, which starts another', async () => {
		const supervised = await started();
		await supervised.supervisor.leave();
		Object.assign([...supervised.sayings.values()][0] ?? {}, { isSilent: true, ports: [] });
		const next = supervised.next();
		await next.start(planOf(), signal);
		assert.deepEqual([idsOf(supervised), kindOf(next)], [['memory 2'], 'live']);
	});

	test('beside a newer one gives way to that', async () => {
		const { wait, reached, open } = gate();
		const supervised = await started();
		// The daemon is killed in the middle of a replacement: both run on.
		void supervised.supervisor.replace(change({ takeOver: wait }), signal).catch(() => undefined);
		await reached;
		const next = supervised.next();
		await next.start(change().plan, signal);
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 2',
		);
		assert.equal(kindOf(next), 'live');
		await next.stop();
		open();
	});
});
