import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { envoySpecOf, noTakeOver, supervise } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, pastPause, signal, started, until } from '../../support/supervising.ts';

describe('a stop', { concurrency: true }, () => {
	test('ends Envoy, which is not restarted', async () => {
		await using supervised = await started();
		const { supervisor, world } = supervised;
		await supervisor.stop();
		assert.deepEqual([world.instances(), kindOf(supervisor)], [[], 'absent']);
	});

	test('drains redirected connections, asking clients to reconnect elsewhere', async () => {
		let captured = 1;
		await using supervised = await started({ countRedirected: async () => captured });
		const { supervisor, events, world } = supervised;
		const stop = supervisor.stop();
		await eventually(
			() => events.at(-1),
			(words) => words === 'drain graceful memory 1',
		);
		assert.deepEqual([world.running().length, kindOf(supervisor)], [1, 'draining']);
		captured = 0;
		await stop;
		assert.deepEqual(world.instances(), []);
	});

	test('counts connections on the ports before a reload and on those after it', async () => {
		const asked: unknown[] = [];
		const countRedirected = async (ports: readonly number[], withTransparent: boolean) => {
			asked.push({ ports, withTransparent });
			return 0;
		};
		const moved = { ports: { egressPort: 16001 } };
		await using supervised = await started({ countRedirected });
		const { supervisor, admins } = supervised;
		for (const admin of admins.values()) admin.ports = [15001, 16001];
		assert.equal(await supervisor.replace(change({ plan: envoySpecOf(moved) }), signal), 'same');
		await supervisor.stop();
		assert.deepEqual(asked, [{ ports: [15001, 16001], withTransparent: false }]);
	});

	test('does not wait for connections longer than drainSeconds', async () => {
		await using supervised = supervise({ countRedirected: async () => 1 });
		const { supervisor, world } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 1.5 }), noTakeOver, signal);
		const startedMs = performance.now();
		await supervisor.stop();
		const waitedMs = performance.now() - startedMs;
		assert.ok(waitedMs > 1_400 && waitedMs < 5_500, `${waitedMs}`);
		assert.deepEqual(world.instances(), []);
	});

	test('ends Envoy also where nobody can say how many connections are open', async () => {
		await using supervised = await started({ countRedirected: () => Promise.reject(new Error('no more descriptors')) });
		const { supervisor, world } = supervised;
		await supervisor.stop();
		assert.deepEqual(world.instances(), []);
	});

	test('waits for a former that still drains', async () => {
		await using supervised = supervise();
		const { supervisor, admins, world } = supervised;
		await supervisor.start(envoySpecOf({ drainSeconds: 1.5 }), noTakeOver, signal);
		const [former] = admins.values();
		Object.assign(former ?? {}, { connections: 1 });
		await supervisor.replace(change(), signal);
		assert.equal(world.running().length, 2);
		const startedMs = performance.now();
		await supervisor.stop();
		const waitedMs = performance.now() - startedMs;
		assert.ok(waitedMs > 800 && waitedMs < 5_500, `${waitedMs}`);
		assert.deepEqual(world.instances(), []);
	});

	test('cancels a restart that waits for its pause', async () => {
		await using supervised = await started();
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await supervised.supervisor.stop();
		assert.deepEqual(idsOf(supervised), []);
		await pastPause();
		assert.deepEqual(idsOf(supervised), []);
	});

	/** Nobody but its start asks it where it listens. */
	const unwatched = envoySpecOf({ healthSeconds: 60 });
	const moments = ['onPrepare', 'onStart', 'onAsk'] as const;
	for (const moment of moments)
		test(`leaves nothing of a first start that is under way (${moment})`, async () => {
			const { wait, reached, open } = gate();
			await using supervised = supervise({ [moment]: wait });
			const start = supervised.supervisor.start(unwatched, noTakeOver, signal);
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
			await using supervised = supervise({ [moment]: () => (isFirst ? Promise.resolve() : wait()) });
			await supervised.supervisor.start(unwatched, noTakeOver, signal);
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
			await using supervised = supervise(moment === 'takeOver' ? {} : { [moment]: once });
			await supervised.supervisor.start(unwatched, noTakeOver, signal);
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
