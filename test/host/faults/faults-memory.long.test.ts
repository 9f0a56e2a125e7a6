// Memory that runs short: others take it, or the kernel ends us for it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createMemoryCgroup } from '../../lab/net/cgroups.ts';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { counted, createFaultHost } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const MIB = 1024 * 1024;

describe('with little memory', async () => {
	const stack = suiteStack();
	const cgroup = stack.use(createMemoryCgroup());
	const place = stack.use(await createFaultHost('iptables-nft', { through: cgroup.through }));
	const { lab, daemon, peers, rules, status } = place;
	const whole = rules();
	const flush = () => lab.host.run('iptables-nft', ['-w', '-t', 'nat', '-F', 'APPMESH_EGRESS']);

	test('when another program uses up the memory, the kernel kills that one, and repairs go on', async (context) => {
		const used = cgroup.used();
		const limit = Math.round(3 * used);
		cgroup.limit(limit);
		const load = await startLoad(peers);
		const greedy = takeMemory(lab.host, cgroup.through, limit);
		const [, signal] = await once(greedy, 'exit');
		assert.equal(signal, 'SIGKILL');
		flush();
		await eventually(status, ({ repairs }) => repairs.count > 0);
		await eventually(rules, (now) => now === whole);
		context.diagnostic(`${Math.round(used / MIB)} MiB of ${Math.round(limit / MIB)}, ${counted(await load.count())}`);
		assert.equal(daemon.process.exitCode ?? daemon.process.signalCode, null);
		assert.equal((await status()).is, 'enabled');
		await requireAll(peers, 'captured');
	});

	test('when the kernel kills the daemon, connections stay captured, and the next daemon takes over', async (context) => {
		const load = await startLoad(peers);
		cgroup.limit(Math.round(1.5 * cgroup.used()));
		writeFileSync(`/proc/${daemon.process.pid}/oom_score_adj`, '1000');
		const greedy = takeMemory(lab.host, cgroup.through, cgroup.used());
		stack.defer(() => void greedy.kill('SIGKILL'));
		await daemon.ended;
		assert.equal(daemon.process.signalCode, 'SIGKILL');
		assert.equal(rules(), whole);
		cgroup.limit(1024 * MIB);
		const args = ['--app-ports', '8080', '--backend', 'iptables-nft', '--start-enabled', '1'];
		await using next = await startDaemon(lab.host, { args, folder: daemon.folder, through: cgroup.through });
		assert.equal(next.status().is, 'enabled');
		const counts = await load.count();
		context.diagnostic(counted(counts));
		assert.deepEqual({ ...counts, captured: 0 }, { captured: 0, bypassed: 0, failed: 0 });
		assert.equal(rules(), whole);
		flush();
		await eventually(rules, (now) => now === whole);
		await requireAll(peers, 'captured');
	});
});

/** Holds so much, and is the largest of all before that unless there is enough. */
const takeMemory = (host: Namespace, [program = '', ...args]: readonly string[], bytes: number) =>
	host.spawn(program, [...args, process.execPath, '-e', take, String(bytes)], { stdio: 'ignore' });

const take = `const taken = [];
for (let left = Number(process.argv[1]); left > 0; left -= 1 << 20) taken.push(Buffer.alloc(1 << 20, 1));
setInterval(() => taken.length, 1_000);`;
