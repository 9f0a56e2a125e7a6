import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';

for (const dialect of ['nft', 'legacy'] as const)
	test(`a chain of ours that was renamed is recreated, and nothing jumps to the other name any more (${dialect})`, async () => {
		using lab = createHost({ container: false });
		const args = ['--app-ports', '8080', '--start-enabled', '1', '--backend', `iptables-${dialect}`];
		await using daemon = await startDaemon(lab.host, { args });
		const hooks = () =>
			lab.host
				.run(`iptables-${dialect}-save`, ['-t', 'nat'])
				.split('\n')
				.filter((line) => line.startsWith('-A OUTPUT') || line.startsWith('-A PREROUTING'));
		const before = hooks();
		for (const [ours, other] of [
			['APPMESH_EGRESS', 'SOMETHING'],
			['APPMESH_INGRESS', 'SOMETHING_ELSE'],
		] as const) {
			lab.host.run(`iptables-${dialect}`, ['-t', 'nat', '-E', ours, other]);
			await eventually(hooks, (now) => now.join() === before.join());
		}
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(daemon.ask('disable').code, 0);
		assert.deepEqual(hooks(), []);
	});
