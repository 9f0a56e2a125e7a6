import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { troubleOf } from '../../../src/envoy/lifecycle.ts';
import { Failure } from '../../../src/failure.ts';
import { eventually } from '../../support/eventually.ts';
import { envoySpecOf, noTakeOver, type Options, type Supervised, supervise } from '../../support/supervised.ts';
import { change, gate, idsOf, kindOf, pastPause, signal, stateOf, until } from '../../support/supervising.ts';

const troubles = ({ histories }: Supervised): string[] => histories.map(({ state }) => troubleOf(state));
const isSilent = { isSilent: true };
const isGone = { isSilent: true, ports: [] };

async function startedAs(part: Parameters<typeof envoySpecOf>[0], options: Options = {}): Promise<Supervised> {
	const supervised = supervise(options);
	await supervised.supervisor.start(envoySpecOf(part), noTakeOver, signal);
	return supervised;
}

const set = ({ admins }: Supervised, part: object): void => {
	for (const admin of admins.values()) Object.assign(admin, part);
};

describe('the health check', { concurrency: true }, () => {
	test('counts only misses in a row', async () => {
		let hasStarted = false;
		let checks = 0;
		await using supervised = await startedAs(
			{ healthRetries: 2 },
			{
				onAsk: async () => {
					checks += 1;
					if (hasStarted) set(supervised, { isSilent: checks % 2 === 0 });
				},
			},
		);
		hasStarted = true;
		const firstAt = checks;
		await eventually(
			() => checks,
			(count) => count > firstAt + 8,
		);
		assert.deepEqual([idsOf(supervised), kindOf(supervised.supervisor)], [['memory 1'], 'live']);
		assert.ok(troubles(supervised).includes('Envoy does not answer on its admin interface (1 of 2)'));
	});

	test('ends an Envoy after as many misses as the settings say, and says so', async () => {
		const stops: number[] = [];
		const onStop = async (_: string, graceMs: number) => {
			stops.push(graceMs);
			await pastPause();
		};
		await using supervised = await startedAs({ healthRetries: 2 }, { onStop });
		set(supervised, isSilent);
		await until(supervised.supervisor, 'failed');
		assert.deepEqual(stops, [0], 'killed, and only once');
		const miss = 'Envoy does not answer on its admin interface (1 of 2)';
		const silent = 'Envoy did not answer 2 times in a row on its admin interface';
		const all = troubles(supervised).filter((why) => why !== '');
		assert.deepEqual(all, [miss, silent, `${silent} and was ended`]);
	});

	test('reports an Envoy as gone where nobody listens any more, and ends it without a reason of its own', async () => {
		await using supervised = await startedAs({ healthRetries: 2 });
		set(supervised, isGone);
		await until(supervised.supervisor, 'failed');
		const gone =
			'Envoy is gone: nobody answers on its admin interface, and nobody listens on the ports that traffic is led to';
		const all = troubles(supervised).filter((why) => why !== '');
		assert.deepEqual(all, [gone, 'Envoy ended by SIGKILL']);
	});

	test('does not take the listeners of another user, or on other ports, for those of Envoy', async () => {
		const everywhere = {
			family: 'ipv4',
			address: '0.0.0.0',
			isIpv6Only: false,
			isTransparent: false,
			owner: () => 'other',
		} as const;
		const listeners = [
			{ ...everywhere, port: 15001, uid: 0 },
			{ ...everywhere, port: 8080, uid: 1337 },
		];
		const others: NonNullable<Options['listeners']>[number][] = [];
		await using supervised = await startedAs({ healthRetries: 1_000 }, { listeners: others });
		others.push(...listeners);
		set(supervised, isGone);
		await until(supervised.supervisor, 'silent');
	});

	test('leaves an Envoy silent that cannot be ended, says why, and takes it back when it answers', async () => {
		let isRefused = true;
		const onStop = async () => {
			if (isRefused) throw new Failure('docker', 'Cannot stop Envoy: Docker is away', 'Start Docker');
		};
		await using supervised = await startedAs({ healthRetries: 1 }, { onStop });
		const { supervisor } = supervised;
		set(supervised, isSilent);
		const why = 'Envoy did not answer 1 times in a row on its admin interface. Cannot stop Envoy: Docker is away';
		await eventually(
			() => troubleOf(stateOf(supervisor)),
			(words) => words === why,
		);
		assert.equal(kindOf(supervisor), 'silent');
		set(supervised, { isSilent: false });
		await until(supervisor, 'live');
		isRefused = false;
		const [instance] = supervised.world.running();
		assert.ok(instance !== undefined);
		supervised.world.end(instance, { code: 7, signal: undefined });
		await until(supervisor, 'failed');
		assert.equal(troubleOf(stateOf(supervisor)), 'Envoy ended with code 7');
	});

	test('checks at once when Envoy closes its connection, though the runtime does not report its end', async () => {
		await using supervised = await startedAs({ healthSeconds: 60, healthRetries: 9 });
		supervised.closeConnections();
		set(supervised, isGone);
		await until(supervised.supervisor, 'silent');
	});

	test('lets the runtime report an end first: a closed connection alone is not silence', async () => {
		await using supervised = await startedAs({ healthSeconds: 60 });
		const { supervisor, world } = supervised;
		supervised.closeConnections();
		set(supervised, isGone);
		const [instance] = world.running();
		assert.ok(instance !== undefined);
		setTimeout(() => world.end(instance, { code: 7, signal: undefined }), 100);
		await until(supervisor, 'failed');
		assert.deepEqual(
			troubles(supervised).filter((why) => why !== ''),
			['Envoy ended with code 7'],
		);
	});

	test('does not check without a pause an Envoy that goes on after it has closed a connection', async () => {
		let checks = 0;
		await using supervised = await startedAs({ healthSeconds: 60 }, { onAsk: async () => void checks++ });
		const before = checks;
		supervised.closeConnections();
		await eventually(
			() => checks,
			(count) => count > before,
		);
		await pastPause();
		await pastPause();
		assert.equal(checks, before + 1);
	});

	test('is paced by its pause also for an Envoy that keeps no connection open', async () => {
		let checks = 0;
		await using supervised = await startedAs({ healthSeconds: 60 }, { onAsk: async () => void checks++ });
		set(supervised, { isUnkept: true });
		supervised.closeConnections();
		const before = checks;
		await eventually(
			() => checks,
			(count) => count > before,
		);
		for (const _ of [1, 2, 3]) await pastPause();
		assert.equal(checks, before + 1);
	});

	test('opens no connection to an Envoy that does not answer', async () => {
		let checks = 0;
		await using supervised = await startedAs({ healthRetries: 1_000 }, { onAsk: async () => void checks++ });
		set(supervised, isSilent);
		await eventually(
			() => troubles(supervised).length,
			(count) => count > 3,
		);
		supervised.closeConnections();
		const before = checks;
		await eventually(
			() => checks,
			(count) => count > before + 5,
		);
		assert.equal(supervised.kept.opened.length, 1);
	});

	test('that is answered after its Envoy was replaced says nothing about the new one', async () => {
		const { wait, reached, open } = gate();
		let hasStarted = false;
		await using supervised = await startedAs(
			{},
			{ onAsk: (id) => (hasStarted && id === 'memory 1' ? wait() : Promise.resolve()) },
		);
		const { supervisor, admins } = supervised;
		const [former] = admins.values();
		hasStarted = true;
		await reached;
		Object.assign(former ?? {}, { connections: 1, ports: [8080] });
		await supervisor.replace(change({ plan: envoySpecOf({ drainSeconds: 30 }, { env: { NEW: '1' } }) }), signal);
		open();
		await pastPause();
		assert.deepEqual([...new Set(troubles(supervised))], ['']);
		Object.assign(former ?? {}, { connections: 0 });
	});

	test('keeps one connection open, however often it checks, and opens another after that one was closed', async () => {
		let checks = 0;
		await using supervised = await startedAs({ healthSeconds: 0.01 }, { onAsk: async () => void checks++ });
		await eventually(
			() => checks,
			(count) => count > 5,
		);
		assert.equal(supervised.kept.opened.length, 1);
		supervised.closeConnections();
		await eventually(
			() => supervised.kept.opened.length,
			(count) => count === 2,
		);
	});

	test('ends with the Envoy that it checks: one that was replaced is checked no more, and its connection is closed', async () => {
		const asked: string[] = [];
		await using supervised = await startedAs({}, { onAsk: async (id) => void asked.push(id) });
		const { supervisor, world } = supervised;
		await supervisor.replace(change(), signal);
		await eventually(
			() => world.instances().length,
			(count) => count === 1,
		);
		await pastPause();
		asked.length = 0;
		await eventually(
			() => asked.length,
			(count) => count > 3,
		);
		assert.deepEqual([...new Set(asked)], ['memory 2']);
		assert.deepEqual(supervised.kept.ended, ['memory 1']);
	});

	test('is not asked any more while its connections drain at the end', async () => {
		const asked: string[] = [];
		let captured = 1;
		await using supervised = await startedAs(
			{ drainSeconds: 30 },
			{ countRedirected: async () => captured, onAsk: async (id) => void asked.push(id) },
		);
		const stop = supervised.supervisor.stop();
		await until(supervised.supervisor, 'draining');
		await pastPause();
		asked.length = 0;
		await pastPause();
		assert.deepEqual(asked, []);
		captured = 0;
		await stop;
	});
});
