import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { listenerOf } from '../../support/memory-admin.ts';
import { envoySpecOf, noTakeOver, supervise, untilTerminated } from '../../support/supervised.ts';
import { change, endFirst, gate, idsOf, kindOf, signal, started, until } from '../../support/supervising.ts';

const blind = {
	blind: (admin: { blind: readonly number[] }) => {
		admin.blind = [15001, 8080];
		return untilTerminated;
	},
};
const WHY =
	'Cannot lead anything to Envoy: on 15001 (egressPort) it sends connections on to where they were going, and does not learn where';

describe('an Envoy whose listener loses the original destination', { concurrency: true }, () => {
	test('is not started with', async () => {
		await using supervised = supervise({ programs: blind });
		const plan = envoySpecOf({}, { command: 'blind' });
		await assert.rejects(supervised.supervisor.start(plan, noTakeOver, signal), { message: WHY });
		assert.deepEqual(supervised.world.instances(), []);
	});

	test('takes over from none', async () => {
		await using supervised = await started({ programs: blind });
		const plan = envoySpecOf({}, { command: 'blind' });
		const message = `${WHY}; the former goes on`;
		await assert.rejects(supervised.supervisor.replace(change({ plan }), signal), { message });
		assert.deepEqual(idsOf(supervised), ['memory 1']);
	});

	test('does not matter on ports that no traffic is led to', async () => {
		await using supervised = await started();
		for (const admin of supervised.admins.values()) admin.blind = [8080];
		const plan = envoySpecOf({ families: ['ipv4', 'ipv6'] });
		for (const admin of supervised.admins.values()) admin.ports = [15001];
		await assert.rejects(supervised.supervisor.replace(change({ plan }), signal), {
			message:
				/^Cannot change what is led to Envoy: it is LIVE, but on 15001 .* over IPv6 arrives; the former goes on$/,
		});
	});
});

describe('new expectations of the same Envoy', { concurrency: true }, () => {
	const moved = change({ plan: envoySpecOf({ ports: { egressPort: 16001 } }) });

	test('are refused where its listener loses the original destination', async () => {
		await using supervised = await started();
		for (const admin of supervised.admins.values()) Object.assign(admin, { ports: [15001, 16001], blind: [16001] });
		await assert.rejects(supervised.supervisor.replace(moved, signal), /on 16001 \(egressPort\) it sends/);
	});

	test('are refused while it does not answer', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf({ healthRetries: 1_000 }), noTakeOver, signal);
		for (const admin of supervised.admins.values()) admin.isSilent = true;
		await assert.rejects(supervisor.replace(moved, signal), {
			message: 'Cannot change what is led to Envoy: it does not answer; the former goes on',
		});
	});

	test('are refused for one that is silent, which stays as it is', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf({ healthRetries: 1_000 }), noTakeOver, signal);
		for (const admin of supervised.admins.values()) Object.assign(admin, { isSilent: true, ports: [] });
		await until(supervisor, 'silent');
		await assert.rejects(supervisor.replace(moved, signal), /it does not answer; the former is as it was$/);
	});

	test('that are none are not checked: it may be silent', async () => {
		await using supervised = supervise();
		const { supervisor } = supervised;
		await supervisor.start(envoySpecOf({ healthRetries: 1_000 }), noTakeOver, signal);
		for (const admin of supervised.admins.values()) admin.isSilent = true;
		assert.equal(await supervisor.replace(change({ plan: envoySpecOf({ healthRetries: 999 }) }), signal), 'same');
	});

	test('do not hold where traffic cannot be led there', async () => {
		const counted: (readonly number[])[] = [];
		await using supervised = await started({
			countRedirected: async (ports) => {
				counted.push(ports);
				return 0;
			},
		});
		for (const admin of supervised.admins.values()) admin.ports = [15001, 16001];
		const takeOver = () => Promise.reject(new Failure('firewall', 'Cannot commit', 'r'));
		await assert.rejects(supervised.supervisor.replace({ ...moved, takeOver }, signal), /^Failure: Cannot commit/);
		await supervised.supervisor.stop();
		assert.deepEqual(counted, [[15001]]);
	});
});

describe('an update', { concurrency: true }, () => {
	test('replaces Envoy where its image has changed, though nothing else has', async () => {
		let digest = 'a';
		await using supervised = await started({ digest: () => digest });
		const { supervisor } = supervised;
		digest = 'b';
		assert.equal(await supervisor.replace(change({ plan: envoySpecOf() }), signal), 'same', 'a reload does not look');
		assert.equal(await supervisor.replace(change({ plan: envoySpecOf(), isUpdate: true }), signal), 'replaced');
	});

	test('is possible again after one that failed', async () => {
		await using supervised = await started();
		const { supervisor } = supervised;
		const plan = envoySpecOf({}, { command: 'nowhere' });
		await assert.rejects(supervisor.replace(change({ plan }), signal));
		assert.equal(await supervisor.replace(change(), signal), 'replaced');
	});

	test('is what is started again when the new Envoy ends', async () => {
		await using supervised = await started();
		const { supervisor, world } = supervised;
		await supervisor.replace(change(), signal);
		const [newest] = world.running().slice(-1);
		assert.ok(newest !== undefined);
		world.end(newest, { code: 7, signal: undefined });
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual(world.running().at(-1)?.spec.env, { NEW: '1' });
	});

	test('that is no longer wanted once it is LIVE leads no traffic to it', async () => {
		const { wait, reached, open } = gate();
		let isFirst = true;
		await using supervised = await started({ onAsk: () => (isFirst ? Promise.resolve() : wait()) });
		isFirst = false;
		const impatient = new AbortController();
		let hasTakenOver = false;
		const takeOver = async () => {
			hasTakenOver = true;
		};
		const refused = assert.rejects(supervised.supervisor.replace(change({ takeOver }), impatient.signal));
		await reached;
		impatient.abort();
		open();
		await refused;
		assert.deepEqual([idsOf(supervised), hasTakenOver], [['memory 1'], false]);
	});

	test('ends an Envoy that has not taken over at once, and the one that has by SIGTERM', async () => {
		const stops: string[] = [];
		const onStop = async (id: string, graceMs: number) => void stops.push(`${id} ${graceMs}`);
		await using supervised = await started({ onStop });
		const takeOver = () => Promise.reject(new Error('no'));
		await assert.rejects(supervised.supervisor.replace(change({ takeOver }), signal));
		assert.deepEqual(stops, ['memory 2 0']);
	});
});

describe('a start', { concurrency: true }, () => {
	test('is not tried again on an error that time does not fix, once it was retried before', async () => {
		let tries = 0;
		const onPrepare = async () => {
			tries += 1;
			throw tries === 1 ? new Failure('registry', 'away', 'r') : new Failure('config', 'wrong', 'r');
		};
		await using supervised = supervise({ onPrepare });
		await assert.rejects(supervised.supervisor.start(envoySpecOf(), noTakeOver, signal), { message: 'wrong' });
		assert.equal(tries, 2);
	});

	test('after Envoy was LIVE is tried again whatever the error is', async () => {
		let isWrong = false;
		const onPrepare = async () => {
			if (!isWrong) return;
			isWrong = false;
			throw new Failure('config', 'wrong', 'r');
		};
		await using supervised = await started({ onPrepare });
		isWrong = true;
		endFirst(supervised);
		await until(supervised.supervisor, 'failed');
		await until(supervised.supervisor, 'live');
		assert.equal(supervised.supervisor.history().failures, 2);
	});

	test('of a second Envoy does not take a port that another program has', async () => {
		const listeners = [listenerOf(15001, 1337, 'another Envoy')];
		await using supervised = supervise({ listeners });
		await assert.rejects(supervised.supervisor.start(envoySpecOf(), noTakeOver, signal), /taken by another Envoy$/);
	});

	test('says what is wrong with the runtime while it cannot be reached', async () => {
		await using supervised = supervise({ problem: () => 'Docker is away' });
		assert.deepEqual([supervised.supervisor.problem(), kindOf(supervised.supervisor)], ['Docker is away', 'absent']);
	});
});
