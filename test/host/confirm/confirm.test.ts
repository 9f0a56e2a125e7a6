// `enable --confirm`: back to what was before, whatever has become of the daemon.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { delayMs } from '../../../src/lib/delay.ts';
import type { Status } from '../../../src/status/types.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, type TestDaemon, turnout } from '../../lab/turnout.ts';
import { rulesOf, wholeRulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { ownRules } from '../../support/own-rules.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('enable --confirm', async () => {
	const { lab, untouched, ...place } = suiteStack().use(await createDaemonHost());
	const start = (folder?: string, backend = 'iptables-nft') =>
		place.start(['--app-ports', '8080', '--backend', backend], folder === undefined ? {} : { folder });
	const isUntouched = () => rulesOf(lab.host) === untouched && ownRules(lab.host, 'nft') === '';

	/** Says when the time is over. Where a busy machine has taken all of it for enabling there is more of it the next time. */
	function enableUnconfirmed(daemon: TestDaemon, seconds: number): number {
		const { code, stdout, stderr } = daemon.ask('enable', '--confirm', String(seconds), '--json');
		// Nobody plays Envoy here, which status tells.
		assert.equal(code, 1, stderr);
		const { is, confirmUntil } = JSON.parse(stdout || '{}') as Partial<Status>;
		if (confirmUntil === undefined) {
			assert.match(stderr, /^$|the time for `turnout confirm` is over/);
			return enableUnconfirmed(daemon, seconds * 4);
		}
		assert.equal(is, 'enabled');
		const isOn = !isUntouched();
		assert.ok(isOn || Date.now() >= Date.parse(confirmUntil));
		return Date.parse(confirmUntil);
	}

	async function assertGoesBack(until: number): Promise<void> {
		await eventually(isUntouched, Boolean);
		assert.ok(Date.now() >= until - 50, `it went back ${until - Date.now()} ms too soon`);
	}

	test('without a confirmation the host is restored byte for byte, and disabled is the saved state', async () => {
		await using daemon = await start();
		await assertGoesBack(enableUnconfirmed(daemon, 4));
		const { is, wanted, confirmUntil } = await eventually(
			() => daemon.readStatus(),
			({ wanted }) => wanted === 'disabled',
		);
		assert.deepEqual({ is, wanted, confirmUntil }, { is: 'disabled', wanted: 'disabled', confirmUntil: undefined });
		await eventually(daemon.log, (log) => log.includes('"event":"not confirmed in time: back to what was before"'));
	});

	test('with `turnout confirm` in time it stays enabled, and a second confirm is refused', async () => {
		await using daemon = await start();
		const until = enableUnconfirmed(daemon, 20);
		assert.equal(daemon.ask('confirm').code, 1);
		assert.equal(daemon.status().confirmUntil, undefined);
		await sleep(delayMs(until + 500 - Date.now()));
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(
			daemon.ask('confirm').stderr,
			'turnout: Cannot confirm: nothing waits for confirmation\nSee turnout status\n',
		);
		assert.equal(daemon.ask('disable').code, 0);
	});

	for (const backend of ['iptables-nft', 'nft'])
		test(`the rollback happens although the daemon was killed, and the next one starts disabled, on ${backend}`, async () => {
			const daemon = await start(undefined, backend);
			const until = enableUnconfirmed(daemon, 4);
			daemon.process.kill('SIGKILL');
			await daemon.ended;
			await assertGoesBack(until);
			await using next = await start(daemon.folder, backend);
			assert.equal(next.status().wanted, 'disabled');
			assert.ok(isUntouched());
		});

	test('the rollback happens although the daemon hangs, and it does not enable again when it continues', async () => {
		await using daemon = await start();
		const until = enableUnconfirmed(daemon, 4);
		suspend(daemon.process.pid);
		await assertGoesBack(until);
		daemon.process.kill('SIGCONT');
		assert.equal(
			(
				await eventually(
					() => daemon.readStatus(),
					({ is }) => is === 'disabled',
				)
			).wanted,
			'disabled',
		);
		await sleep(500);
		// A commit that it was halted in comes late, and is undone.
		await eventually(isUntouched, Boolean);
		assert.deepEqual([daemon.status().is, daemon.status().repairs.count], ['disabled', 0]);
	});

	test('a restarted daemon keeps the deadline', async () => {
		const daemon = await start();
		const until = enableUnconfirmed(daemon, 15);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		await using next = await start(daemon.folder);
		assert.ok(Math.abs(Date.parse(next.status().confirmUntil ?? '') - until) <= 1);
		assert.equal(next.status().is, 'enabled');
		await assertGoesBack(until);
		await eventually(
			() => next.readStatus(),
			({ wanted }) => wanted === 'disabled',
		);
	});

	test('the deadline of an earlier confirmation does not affect the next', async () => {
		await using daemon = await start();
		const until = enableUnconfirmed(daemon, 60);
		const paths = ['--socket', daemon.socket, '--state-directory', join(daemon.folder, 'state')];
		const other = turnout(lab.host, ['revert', ...paths, '--until', new Date(until - 1_000).toISOString()]);
		assert.equal(other.stdout, 'Nothing waits for confirmation\n');
		assert.equal(Date.parse(daemon.status().confirmUntil ?? ''), until);
		daemon.ask('disable');
	});

	test('after a reboot that outlasts the deadline it is disabled', async () => {
		const daemon = await start();
		enableUnconfirmed(daemon, 60);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		const file = join(daemon.folder, 'state', 'confirm.json');
		const pending = JSON.parse(readFileSync(file, 'utf8')) as { alarm: string; end: object };
		process.kill(Number(pending.alarm), 'SIGKILL');
		writeFileSync(
			file,
			JSON.stringify({ ...pending, until: new Date(0).toISOString(), end: { ...pending.end, boot: 'another' } }),
		);
		await using next = await start(daemon.folder);
		assert.equal(next.status().is, 'disabled');
		assert.ok(isUntouched());
		assert.ok(!existsSync(file));
	});

	test("a deadline beyond a timer's range does not fire at once", async () => {
		const daemon = await start();
		enableUnconfirmed(daemon, 86_400);
		assert.match(daemon.ask('status').stdout, /^confirm {7}until .* with `turnout confirm`/m);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		const file = join(daemon.folder, 'state', 'confirm.json');
		const { end, ...pending } = JSON.parse(readFileSync(file, 'utf8')) as { alarm: string; end: object };
		process.kill(Number(pending.alarm), 'SIGKILL');
		writeFileSync(file, JSON.stringify({ ...pending, until: new Date(Date.now() + 30 * 86_400_000).toISOString() }));
		await using next = await start(daemon.folder);
		await sleep(500);
		assert.equal(next.status().is, 'enabled');
		assert.equal(next.ask('disable').code, 0);
	});

	test('a rollback to enabled stays enabled, and disable needs no confirmation', async () => {
		await using daemon = await start();
		daemon.ask('enable');
		const whole = await wholeRulesOf(lab.host);
		const until = enableUnconfirmed(daemon, 4);
		await eventually(
			() => daemon.readStatus(),
			({ confirmUntil }) => confirmUntil === undefined,
		);
		assert.ok(Date.now() >= until - 50);
		assert.equal(await wholeRulesOf(lab.host), whole);
		enableUnconfirmed(daemon, 60);
		assert.equal(daemon.ask('disable').code, 0);
		assert.equal(daemon.status().confirmUntil, undefined);
		assert.ok(isUntouched());
	});

	test('revert rolls back at once, with the daemon and without it', async () => {
		const daemon = await start();
		const paths = ['--socket', daemon.socket, '--state-directory', join(daemon.folder, 'state')];
		assert.equal(turnout(lab.host, ['revert', ...paths]).stdout, 'Nothing waits for confirmation\n');
		enableUnconfirmed(daemon, 60);
		assert.equal(turnout(lab.host, ['revert', ...paths]).stdout, 'Rolled back to the state before\n');
		assert.ok(isUntouched());
		enableUnconfirmed(daemon, 60);
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		assert.equal(turnout(lab.host, ['revert', ...paths]).stdout, 'Rolled back to the state before\n');
		assert.ok(isUntouched());
	});

	test('over SSH it warns when new sessions would go to Envoy, and says how to exclude them', async () => {
		const args = ['--app-ports', '2222,8080', '--egress-ignored-ips', ''];
		await using daemon = await startDaemon(lab.host, { args });
		const over = (session: string) =>
			turnout(lab.host, ['enable', '--socket', daemon.socket], { env: { SSH_CONNECTION: session } }).stdout;
		const warned = /^New connections from (\S+) to port 2222, .* ingressIgnoredPorts 2222 \(.*--confirm 60/;
		assert.equal(warned.exec(over('203.0.113.10 50000 10.77.0.2 2222'))?.[1], '203.0.113.10');
		assert.equal(warned.exec(over('2001:db8::10 50000 fd77::2 2222'))?.[1], '2001:db8::10');
		for (const session of ['203.0.113.10 50000 10.77.0.2 22', ''])
			assert.match(over(session), /^interception {2}enabled since /);
		assert.equal(daemon.ask('disable').code, 0);
	});

	test('an invalid time is refused, and nothing is enabled', async () => {
		await using daemon = await start();
		for (const seconds of ['0', '86401', 'soon', '-1', '1.5'])
			assert.equal(daemon.ask('enable', `--confirm=${seconds}`).code, 64, seconds);
		assert.ok(isUntouched());
	});
});
