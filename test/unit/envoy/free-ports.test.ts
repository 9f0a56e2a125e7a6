import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { listenerOf } from '../../support/memory-admin.ts';
import { envoySpecOf, noTakeOver, supervise } from '../../support/supervised.ts';
import { change, endFirst, signal, started, until } from '../../support/supervising.ts';

describe('the admin port, which any user may bind', { concurrency: true }, () => {
	const taken = () => [] as (typeof other)[];
	const other = listenerOf(9901, 4242, 'nginx (pid 7)');

	test('keeps the first start from starting while another program has it', async () => {
		await using supervised = supervise({ listeners: [other] });
		await assert.rejects(supervised.supervisor.start(envoySpecOf(), noTakeOver, signal), {
			message: 'Cannot start Envoy: port 9901 (envoy.adminPort) is taken by nginx (pid 7)',
		});
	});

	test('keeps no Envoy from being restarted, which does without it', async () => {
		const listeners = taken();
		await using supervised = await started({ listeners });
		const { supervisor, world } = supervised;
		listeners.push(other);
		endFirst(supervised);
		await until(supervisor, 'failed');
		await until(supervisor, 'live');
		assert.deepEqual(
			world.running().map(({ spec }) => spec.adminPort),
			[0],
		);
	});

	test('stays open where other programs have other ports, and Envoy’s user has this one', async () => {
		const listeners = taken();
		await using supervised = await started({ listeners });
		const { supervisor, world, admins } = supervised;
		listeners.push(listenerOf(22, 0, 'sshd (pid 1)'));
		for (const admin of admins.values()) admin.ports = [15001, 9901];
		await supervisor.replace(change(), signal);
		assert.equal(world.running().at(-1)?.spec.adminPort, 9901);
	});

	test('keeps no Envoy from being replaced, and the next one has it again', async () => {
		const listeners = taken();
		const ofSpec = { adminPort: 9901 };
		await using supervised = supervise({ listeners });
		const { supervisor, world } = supervised;
		await supervisor.start(envoySpecOf({}, ofSpec), noTakeOver, signal);
		listeners.push(other);
		await supervisor.replace(change({ plan: envoySpecOf({}, { ...ofSpec, env: { NEW: '1' } }) }), signal);
		const adminPorts = () => world.running().map(({ spec }) => spec.adminPort);
		await eventually(adminPorts, (ports) => ports.join() === '0');
		listeners.length = 0;
		await supervisor.replace(change({ plan: envoySpecOf({}, { ...ofSpec, env: { NEW: '1' } }) }), signal);
		await eventually(adminPorts, (ports) => ports.join() === '9901');
	});

	test('is the only one that such an Envoy does without: the others are handed over to the next', async () => {
		const listeners = taken();
		await using supervised = await started({ listeners });
		const { supervisor, world, handedOver } = supervised;
		listeners.push(other);
		await supervisor.replace(change(), signal);
		await eventually(
			() => world.running().map(({ spec }) => spec.adminPort),
			(ports) => ports.join() === '0',
		);
		await supervisor.replace(change({ plan: envoySpecOf({}, { env: { NEW: '2' } }) }), signal);
		assert.deepEqual(handedOver, [[15001], [15001]]);
	});
});
