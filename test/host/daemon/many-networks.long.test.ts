import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHost } from '../../lab/net/host.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { rulesOf } from '../../support/daemon.ts';
import { eventually } from '../../support/eventually.ts';

/** Other work on the machine makes it last longer, and costs no more. */
const MOST_PROCESSOR_MS = 1_000;

test('with 5,000 ignored networks a deleted hook is repaired quickly, and checks are cheap', async (context) => {
	using lab = createHost({ container: false });
	using scratch = createScratch('networks');
	const networks = Array.from({ length: 5_000 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
	const config = join(scratch.path, 'turnout.yaml');
	writeFileSync(config, `appPorts: "8080"\nstartEnabled: 1\negressIgnoredIps: "${networks.join(',')}"\n`);
	await using daemon = await startDaemon(lab.host, { args: ['--config', config] });
	const whole = rulesOf(lab.host);
	const costs: number[] = [];
	for (let count = 1; count <= 3; count += 1) {
		const before = effortOf(daemon);
		lab.host.run('iptables-nft', ['-t', 'nat', '-F', 'OUTPUT']);
		const told = await eventually(
			() => [...daemon.log().matchAll(/"event":"repaired".*"ms":(\d+)/g)],
			({ length }) => length >= count,
			60_000,
		);
		costs.push(effortOf(daemon) - before);
		context.diagnostic(`back after ${told.at(-1)?.[1]} ms, for ${costs.at(-1)} ms of the processor's time`);
		await eventually(
			() => rulesOf(lab.host),
			(rules) => rules === whole,
		);
		// What is undone while a change is being read back is made good by that, and is no repair.
		await sleep(2_000);
	}
	const [least = Number.POSITIVE_INFINITY] = costs.toSorted((a, b) => a - b);
	assert.ok(least < MOST_PROCESSOR_MS, `a repair takes ${costs.join(', ')} ms of the processor's time`);

	// Whoever reads a long list while it changes reads it again.
	const ask = `while :; do curl -s -o /dev/null --unix-socket ${daemon.socket} http://turnout/v1/status; done`;
	const asking = lab.host.spawn('sh', ['-c', ask], { stdio: 'ignore' });
	for (let count = 0; count < 5; count += 1) {
		lab.host.run('iptables-nft', ['-t', 'nat', '-F', 'OUTPUT']);
		await eventually(
			() => rulesOf(lab.host),
			(rules) => rules === whole,
			60_000,
		);
	}
	asking.kill('SIGKILL');
	assert.equal(daemon.process.exitCode, null, daemon.log());
});

/** utime and stime of /proc/PID/stat, in hundredths of a second. */
function effortOf({ process: { pid } }: TestDaemon): number {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) * 10;
}
