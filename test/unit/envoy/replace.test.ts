import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Change } from '../../../src/envoy/replace.ts';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import type { AdminState } from '../../support/memory-admin.ts';
import { envoySpecOf, untilTerminated } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, pastPause, signal, started, until } from '../../support/supervising.ts';

describe('a replacement', { concurrency: true }, () => {
	test('is LIVE and has taken over before the former closes its listeners and ends', async () => {
		await using supervised = await started();
		const { supervisor, events, world } = supervised;
		const takeOver = async () => void events.push(`take over with ${world.running().length}`);
		assert.equal(await supervisor.replace(change({ takeOver }), signal), 'replaced');
		await eventually(
			() => world.nameHolder(),
			(id) => id === 'memory 2',
		);
		assert.deepEqual(events, ['starting memory 1', 'live memory 1', 'take over with 2', 'drain at-once memory 1']);
		assert.deepEqual(
			world.instances().map(({ id }) => id),
			['memory 2'],
		);
		assert.deepEqual([kindOf(supervisor), supervisor.history().restarts], ['live', 0]);
	});

	test('takes over the ports of the listeners, and not the admin port, which the former keeps', async () => {
		await using supervised = await started();
		const { supervisor, handedOver } = supervised;
		await supervisor.replace(change(), signal);
		assert.deepEqual(handedOver, [[15001]]);
	});

	test("lets the former's connections drain for as long as the former plan says", async () => {
		await using supervised = await started();
		const { supervisor, admins, world } = supervised;
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change({ plan: envoySpecOf({}, { env: { NEW: '1' } }) }), signal);
		await eventually(
			() => former?.hasClosed,
			(hasClosed) => hasClosed === true,
		);
		assert.equal(world.running().length, 2);
		Object.assign(former ?? {}, { connections: 0 });
		await eventually(
			() => world.running().length,
			(count) => count === 1,
		);
	});

	test('keeps the same Envoy where only what is expected of it differs', async () => {
		await using supervised = await started();
		const { supervisor, events } = supervised;
		const takeOver = async () => void events.push('take over');
		const plan = envoySpecOf({ drainSeconds: 1 });
		assert.equal(await supervisor.replace(change({ plan, takeOver }), signal), 'same');
		assert.equal(events.at(-1), 'take over');
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('by an update keeps the same Envoy where its image has not changed', async () => {
		await using supervised = await started();
		assert.equal(await supervised.supervisor.replace(change({ plan: envoySpecOf(), isUpdate: true }), signal), 'same');
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('is refused where the same Envoy does not listen on the new ports', async () => {
		await using supervised = await started();
		const plan = envoySpecOf({ ports: { egressPort: 15009 } });
		await assert.rejects(supervised.supervisor.replace(change({ plan }), signal), {
			message: /nothing listens on 15009 \(egressPort\); the former goes on$/,
		});
	});

	const failing: readonly (readonly [title: string, part: Partial<Change>, why: RegExp])[] = [
		['whose program is not there', { plan: envoySpecOf({}, { command: 'nowhere' }) }, /no program "nowhere"/],
		['that ends', { plan: envoySpecOf({}, { command: 'ends' }) }, /Envoy ended with code 3/],
		['that is never LIVE', { plan: envoySpecOf({ startSeconds: 0.1 }, { command: 'never' }) }, /was not LIVE/],
		[
			'that traffic cannot be led to',
			{ takeOver: async () => Promise.reject(new Failure('firewall', 'Cannot commit', 'r')) },
			/^Cannot commit/,
		],
	];
	for (const [title, part, why] of failing)
		test(`${title} leaves the former unchanged, and nothing of itself`, async () => {
			const programs = {
				ends: () => async () => 3,
				never: (admin: AdminState) => {
					admin.state = 'INITIALIZING';
					return untilTerminated;
				},
			};
			await using supervised = await started({ programs });
			const { supervisor, events } = supervised;
			await assert.rejects(supervisor.replace(change(part), signal), (error) => {
				assert.ok(error instanceof Failure);
				assert.match(error.message, why);
				assert.match(error.message, /; the former goes on$/);
				return true;
			});
			assert.deepEqual(idsOf(supervised), ['memory 1']);
			assert.deepEqual([events, kindOf(supervisor)], [['starting memory 1', 'live memory 1'], 'live']);
			endFirst(supervised);
			await eventually(
				() => supervised.world.running()[0]?.spec.env,
				(env) => env !== undefined,
			);
			assert.deepEqual(supervised.world.running()[0]?.spec.env, {});
		});

	test('is refused while another one is under way, which goes on', async () => {
		const { wait, reached, open } = gate();
		await using supervised = await started();
		const { supervisor } = supervised;
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

	test('takes over from a former that ends meanwhile, which is not restarted', async () => {
		const { wait, reached, open } = gate();
		await using supervised = await started();
		const { supervisor, world } = supervised;
		const replacing = supervisor.replace(change({ takeOver: wait }), signal);
		await reached;
		endFirst(supervised);
		await until(supervisor, 'failed');
		open();
		assert.equal(await replacing, 'replaced');
		assert.equal(kindOf(supervisor), 'live');
		assert.deepEqual([idsOf(supervised), world.nameHolder()], [['memory 2'], 'memory 2']);
	});

	test('that fails after its former has ended restarts the former', async () => {
		const { wait, reached, open } = gate();
		await using supervised = await started();
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

	const pulls: readonly (readonly [title: string, fails: boolean])[] = [
		['takes over from it after the pull', false],
		['leaves it alone when the pull fails', true],
	];
	for (const [title, fails] of pulls)
		test(`does not delay the restart of a former that ends during its pull, and ${title}`, async () => {
			const { wait, reached, open } = gate();
			await using supervised = await started({
				async onPrepare({ env }, onProgress) {
					if (env['NEW'] === undefined) return;
					onProgress({ image: 'envoy:2', layers: [] });
					await wait();
					onProgress({ image: 'envoy:2', layers: [] });
					if (fails) throw new Failure('registry', 'Cannot pull', 'r');
				},
			});
			const { supervisor, events } = supervised;
			const replacing = supervisor.replace(change(), signal);
			await reached;
			endFirst(supervised);
			await until(supervisor, 'failed');
			await until(supervisor, 'live');
			assert.deepEqual([idsOf(supervised), supervisor.history().pull?.image], [['memory 2'], 'envoy:2']);
			open();
			if (fails) await assert.rejects(replacing, { message: 'Cannot pull; the former goes on' });
			else assert.equal(await replacing, 'replaced');
			assert.deepEqual(events.slice(2, 5), ['failed', 'starting memory 2', 'live memory 2']);
			assert.deepEqual(supervisor.history().pulls, fails ? { pulled: 0, failed: 1 } : { pulled: 1, failed: 0 });
			assert.equal(supervisor.history().pull, undefined);
		});

	test('that ends while its former drains is restarted at once, and the former continues to drain', async () => {
		await using supervised = await started({}, envoySpecOf({ drainSeconds: 30 }));
		const { supervisor, admins, world } = supervised;
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		const plan = envoySpecOf({ drainSeconds: 30 }, { env: { NEW: '1' } });
		await supervisor.replace(change({ plan }), signal);
		const [, second] = world.running();
		assert.ok(second !== undefined);
		world.end(second, { code: 7, signal: undefined });
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual(idsOf(supervised), ['memory 1', 'memory 3']);
		Object.assign(former ?? {}, { connections: 0 });
		await eventually(
			() => idsOf(supervised),
			(ids) => ids.join() === 'memory 3',
		);
	});

	test('of an Envoy that waits for its restart is the only start', async () => {
		await using supervised = await started();
		const { supervisor, world, events } = supervised;
		endFirst(supervised);
		await until(supervisor, 'failed');
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
		await pastPause();
		assert.deepEqual([idsOf(supervised), kindOf(supervisor)], [['memory 2'], 'live']);
		assert.deepEqual(events.slice(2), ['failed', 'live memory 2']);
		assert.equal(world.nameHolder(), 'memory 2');
	});

	test('that fails while Envoy waits for its restart does not start it twice', async () => {
		let starts = 0;
		const onStart = async () => {
			starts += 1;
		};
		await using supervised = await started({ onStart });
		const { supervisor } = supervised;
		endFirst(supervised);
		await until(supervisor, 'failed');
		await assert.rejects(supervisor.replace(change({ plan: envoySpecOf({}, { command: 'nowhere' }) }), signal));
		await until(supervisor, 'live');
		await pastPause();
		assert.deepEqual([starts, idsOf(supervised).length, kindOf(supervisor)], [2, 1, 'live']);
		const again = ['failed', 'starting memory 2', 'live memory 2'];
		assert.deepEqual(supervised.events, ['starting memory 1', 'live memory 1', ...again]);
	});
});
