// `enable --confirm` where something happens to the host, or to the daemon, while it waits.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PendingConfirmation } from '../../../src/daemon/stores.ts';
import { suspend } from '../../lab/net/suspend.ts';
import { startDaemon, type TestDaemon, turnout, turnoutProgram } from '../../lab/turnout.ts';
import { createBreakable } from '../../support/breakable.ts';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';
import { suiteStack } from '../../support/suite-stack.ts';
import { createDaemonHost } from '../../support/with-daemon.ts';

describe('enable --confirm, and what may happen while it waits', async () => {
	const { lab, untouched, ...place } = suiteStack().use(await createDaemonHost());
	const start = (folder?: string) => place.start(undefined, folder === undefined ? {} : { folder });
	const fileOf = ({ folder }: TestDaemon) => join(folder, 'state', 'confirm.json');
	const pendingOf = (daemon: TestDaemon) => JSON.parse(readFileSync(fileOf(daemon), 'utf8')) as PendingConfirmation;
	const change = (daemon: TestDaemon, by: Partial<PendingConfirmation>) =>
		writeFileSync(fileOf(daemon), JSON.stringify({ ...pendingOf(daemon), ...by }));

	/** What was asked for, and then the daemon is gone and its alarm too. */
	async function enableAndDie(): Promise<TestDaemon> {
		const daemon = await start();
		daemon.ask('enable', '--confirm', '60');
		daemon.process.kill('SIGKILL');
		await daemon.ended;
		process.kill(Number(pendingOf(daemon).alarm), 'SIGKILL');
		return daemon;
	}

	for (const [way, sign] of [
		['back', 1],
		['forward', -1],
	] as const)
		test(`with the clock set ${way} an hour and the daemon dead, it rolls back all the same`, async () => {
			const daemon = await enableAndDie();
			// By the host's uptime the time is what it was, by the clock an hour off.
			const until = new Date(Date.parse(pendingOf(daemon).until) + sign * 3_600_000).toISOString();
			change(daemon, { until });
			const paths = ['--socket', daemon.socket, '--state-directory', join(daemon.folder, 'state')];
			const { stdout } = turnout(lab.host, ['revert', ...paths, '--until', until]);
			assert.equal(stdout, 'Rolled back to the state before\n');
			assert.equal(rulesOf(lab.host), untouched);
		});

	test("after a reboot a process that reuses the rollback timer's pid is left alone", async () => {
		const daemon = await enableAndDie();
		const other = spawn('sleep', ['60']);
		const ended = once(other, 'close');
		change(daemon, { alarm: String(other.pid) });
		await using next = await start(daemon.folder);
		assert.equal(next.status().is, 'enabled');
		assert.equal(next.ask('disable').code, 0);
		other.kill('SIGINT');
		assert.deepEqual(await ended, [null, 'SIGINT']);
	});

	for (const asked of [[], ['status'], ['confirm']])
		test(`a daemon that hangs in the middle of enabling does not go on with it later${asked.map((word) => `, also where ${word} is asked for first`).join('')}`, async () => {
			await using daemon = await start();
			const ask = (...words: string[]) => {
				const child = lab.host.spawn(turnoutProgram, [...words, '--socket', daemon.socket], { stdio: 'ignore' });
				return once(child, 'close');
			};
			const enabled = ask('enable', '--confirm', '1');
			while (!existsSync(fileOf(daemon))) await sleep(1);
			suspend(daemon.process.pid);
			await eventually(() => pendingOf(daemon).isReverted, Boolean);
			const answered = asked.length === 0 ? undefined : ask(...asked);
			if (answered !== undefined) await sleep(500);
			daemon.process.kill('SIGCONT');
			const [code] = await enabled;
			assert.equal(code, 1);
			await answered;
			const { wanted, is } = await eventually(
				() => daemon.readStatus(),
				({ is, confirmUntil }) => is === 'disabled' && confirmUntil === undefined,
			);
			assert.deepEqual({ wanted, is }, { wanted: 'disabled', is: 'disabled' });
			await eventually(
				() => rulesOf(lab.host),
				(now) => now === untouched,
			);
		});

	test('a failed rollback is reported, and retried until it succeeds', async () => {
		using restore = createBreakable();
		const args = ['--app-ports', '8080', '--backend', 'iptables-nft'];
		await using daemon = await startDaemon(lab.host, { args, env: restore.env });
		// Where a busy machine has taken all of the time for enabling there is more of it the next time.
		for (let seconds = 2; ; seconds *= 4) {
			daemon.ask('enable', '--confirm', String(seconds));
			restore.break();
			if (daemon.status().confirmUntil !== undefined) break;
			restore.repair();
		}
		const confirm = () => daemon.status().conditions.find(({ subject }) => subject === 'confirm');
		const told = await eventually(confirm, (condition) => condition !== undefined);
		assert.partialDeepStrictEqual(told, { ok: false });
		const text = daemon.ask('status').stdout;
		assert.match(text, /!! {2}confirm: the time to confirm is over, and the rollback fails: .*it is broken/);
		assert.match(text, /turnout revert, turnout disable/);
		assert.equal(daemon.status().wanted, 'enabled');
		restore.repair();
		await eventually(
			() => daemon.readStatus(),
			({ is, confirmUntil }) => is === 'disabled' && confirmUntil === undefined,
		);
		assert.equal(confirm(), undefined);
		assert.equal(rulesOf(lab.host), untouched);
	});
});
