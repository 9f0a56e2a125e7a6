// Somebody sets the clock while connections are captured.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { counted, createFaultHost } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const HOUR_MS = 3_600_000;
const libraries = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`);

describe('a clock that is set', async () => {
	const stack = suiteStack();
	const file = join(stack.use(createScratch('clock')).path, 'offset');
	const setClock = (offsetMs: number) =>
		writeFileSync(file, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1_000}\n`);
	setClock(0);
	const env = {
		LD_PRELOAD: libraries.find((library) => existsSync(library)) ?? '',
		FAKETIME_TIMESTAMP_FILE: file,
		FAKETIME_NO_CACHE: '1',
		FAKETIME_DONT_FAKE_MONOTONIC: '1',
		DONT_FAKE_MONOTONIC: '1',
	};
	const place = stack.use(await createFaultHost('iptables-nft', { env }));
	const { lab, daemon, peers, rules, status } = place;
	const whole = rules();
	const flush = () => lab.host.run('iptables-nft', ['-w', '-t', 'nat', '-F', 'APPMESH_EGRESS']);
	/** By how much the time differs from ours. */
	const apart = (time: string | undefined, ms = Date.now()): number => Date.parse(time ?? '') - ms;

	test('set back an hour: drift is repaired as before, and logged with the new time', async (context) => {
		assert.ok(Math.abs(apart((await status()).since)) < 60_000);
		const load = await startLoad(peers);
		setClock(-HOUR_MS);
		flush();
		const { repairs, is } = await eventually(status, (seen) => seen.repairs.count === 1);
		assert.ok(Math.abs(apart(repairs.last?.at) + HOUR_MS) < 60_000, repairs.last?.at);
		assert.equal(is, 'enabled');
		await eventually(rules, (now) => now === whole);
		context.diagnostic(`put right in ${repairs.last?.ms} ms, ${counted(await load.count())}`);
		await requireAll(peers, 'captured');
		// Each new repair counts, whatever the clock says.
		flush();
		await eventually(status, (seen) => seen.repairs.count === 2);
		setClock(0);
		flush();
		assert.ok(
			Math.abs(apart((await eventually(status, (seen) => seen.repairs.count === 3)).repairs.last?.at)) < 60_000,
		);
	});

	for (const [what, offsetMs] of [
		['back', -HOUR_MS],
		['forward', HOUR_MS],
	] as const)
		test(`${what} an hour while it waits for \`confirm\`: it goes back when the seconds are over, and status tells when`, async (context) => {
			setClock(0);
			daemon.ask('disable');
			const startedMs = performance.now();
			assert.equal(daemon.ask('enable', '--confirm', '4').code, 0);
			setClock(offsetMs);
			const left = apart(daemon.status().confirmUntil, Date.now() + offsetMs);
			assert.ok(left > -1_000 && left < 5_000, `${left} ms are left`);
			await eventually(status, ({ wanted }) => wanted === 'disabled');
			const ms = Math.round(performance.now() - startedMs);
			context.diagnostic(`it went back after ${ms} ms`);
			assert.ok(ms >= 4_000);
			await requireAll(peers, 'direct');
		});

	test('back or forward while it waits for `confirm` and is started anew: neither too soon nor an hour late', async (context) => {
		for (const offsetMs of [-HOUR_MS, HOUR_MS]) {
			setClock(0);
			const args = ['--app-ports', '8080', '--backend', 'iptables-nft'];
			const first = await startDaemon(lab.host, { args, env });
			const startedMs = performance.now();
			first.ask('enable', '--confirm', '6');
			first.process.kill('SIGKILL');
			await first.ended;
			setClock(offsetMs);
			await using next = await startDaemon(lab.host, { args, env, folder: first.folder });
			assert.equal(next.status().is, 'enabled');
			const left = apart(next.status().confirmUntil, Date.now() + offsetMs);
			assert.ok(left > -1_000 && left < 7_000, `${left} ms are left`);
			await eventually(
				async () => (await next.readStatus()).wanted,
				(wanted) => wanted === 'disabled',
			);
			const ms = Math.round(performance.now() - startedMs);
			context.diagnostic(`it went back after ${ms} ms`);
			assert.ok(ms >= 6_000);
		}
	});
});
