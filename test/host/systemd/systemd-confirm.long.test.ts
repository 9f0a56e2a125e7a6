// `enable --confirm` where systemd runs the host: the timer is one of systemd's own.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { statusOf } from '../../support/machine-host.ts';
import { createServiceHost } from '../../support/service-host.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('enable --confirm on a real systemd', async () => {
	const stack = suiteStack();
	const { lab, machine, configure, kill, property, runsAgain } = await createServiceHost(stack);
	const { run, tryRun } = machine;
	run('systemctl', 'enable', '--now', 'turnout');
	configure();
	run('turnout', 'disable');
	const before = rulesOf(lab.host);

	/** Says when the time is over. */
	async function enableUnconfirmed(seconds: number): Promise<number> {
		await eventually(
			() => tryRun('turnout', 'status').code,
			(code) => code === 0,
		);
		run('turnout', 'enable', '--confirm', String(seconds));
		assert.notEqual(rulesOf(lab.host), before);
		assert.match(run('systemctl', 'list-timers', '--all', 'turnout-confirm-*'), /turnout-confirm-.*\.timer/);
		return Date.parse(String((statusOf(machine) as { confirmUntil?: string }).confirmUntil));
	}

	async function goesBack(until: number): Promise<void> {
		await eventually(
			() => rulesOf(lab.host),
			(rules) => rules === before,
		);
		assert.ok(Date.now() >= until - 50, `it went back ${until - Date.now()} ms too soon`);
	}

	const isOff = () => assert.partialDeepStrictEqual(statusOf(machine), { is: 'disabled', wanted: 'disabled' });

	test('without a confirmation it rolls back byte for byte, and leaves no timer', async () => {
		await goesBack(await enableUnconfirmed(2));
		isOff();
		assert.doesNotMatch(run('systemctl', 'list-timers', '--all', 'turnout-confirm-*'), /turnout-confirm-/);
	});

	test('the rollback happens although the daemon is killed, which finds it done when systemd has restarted it', async () => {
		const restarts = Number(property('NRestarts'));
		const until = await enableUnconfirmed(4);
		kill('KILL');
		await goesBack(until);
		await runsAgain(restarts);
		isOff();
		assert.equal(rulesOf(lab.host), before);
	});

	test('the rollback happens although the daemon hangs', async () => {
		const until = await enableUnconfirmed(2);
		kill('STOP');
		await goesBack(until);
		kill('CONT');
		isOff();
		assert.equal(rulesOf(lab.host), before);
	});

	test('confirmed in time, it stays, and the timer is gone', async () => {
		await enableUnconfirmed(60);
		run('turnout', 'confirm');
		assert.doesNotMatch(run('systemctl', 'list-timers', '--all', 'turnout-confirm-*'), /turnout-confirm-/);
		assert.equal(tryRun('turnout', 'status').code, 0);
	});
});
