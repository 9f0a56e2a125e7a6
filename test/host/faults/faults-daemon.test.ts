// What happens to the daemon itself while connections are captured.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, test } from 'node:test';
import { requireAll, startLoad } from '../../lab/net/load.ts';
import { eventually } from '../../support/eventually.ts';
import { counted, createFaultHost } from '../../support/faults.ts';
import { suiteStack } from '../../support/suite-stack.ts';

describe('a daemon that captures', async () => {
	const stack = suiteStack();
	const place = stack.use(await createFaultHost('iptables-nft'));
	const { lab, daemon, peers, rules, status } = place;
	const whole = rules();

	/** It goes on putting right what others do. */
	async function assertRepairs(): Promise<void> {
		const { count } = (await status()).repairs;
		lab.host.run('iptables-nft', ['-w', '-t', 'nat', '-F', 'APPMESH_INGRESS']);
		await eventually(status, ({ repairs }) => repairs.count > count);
		await eventually(rules, (now) => now === whole);
		assert.equal((await status()).is, 'enabled');
		await requireAll(peers, 'captured');
	}

	test('when the folders of its socket and state are deleted, no connection is affected, and it can be reached again', async (context) => {
		const load = await startLoad(peers);
		rmSync(daemon.folder, { recursive: true });
		const goneMs = performance.now();
		await eventually(
			() => daemon.ask('status').code,
			(code) => code === 0,
		);
		const ms = Math.round(performance.now() - goneMs);
		context.diagnostic(`it answers again after ${ms} ms, ${counted(await load.count())}`);
		await assertRepairs();
		for (const word of ['disable', 'enable']) assert.equal(daemon.ask(word).code, 0);
		assert.ok(daemon.status().conditions.every(({ ok }) => ok));
	});

	test('when the reader of its log is gone, no connection is affected, and it continues', async (context) => {
		const load = await startLoad(peers);
		daemon.process.stderr?.destroy();
		await assertRepairs();
		context.diagnostic(counted(await load.count()));
		for (const word of ['disable', 'enable']) assert.equal(daemon.ask(word).code, 0);
		assert.equal(daemon.process.exitCode, null);
	});
});
