import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { isWhole, ownRules } from '../../support/own-rules.ts';

const renames = {
	'iptables-nft': 'iptables-nft -w -t nat -E APPMESH_FROM APPMESH_TO',
	'iptables-legacy': 'iptables-legacy -w -t nat -E APPMESH_FROM APPMESH_TO',
	nft: 'nft rename chain inet turnout nat_FROM_ipv4 to_TO',
} as const;

for (const { backend } of backends)
	test(`a chain of ours that was renamed is recreated, and nothing jumps to the other name any more (${backend})`, async () => {
		using lab = createHost({ container: false });
		const args = ['--app-ports', '8080', '--start-enabled', '1', '--backend', backend];
		await using daemon = await startDaemon(lab.host, { args });
		const hooks = () => ownRules(lab.host, backend).match(/^-A (OUTPUT|PREROUTING) .*$|^\t\t.* jump .*$/gm) ?? [];
		await eventually(
			() => isWhole(lab.host, backend),
			(is) => is,
		);
		const before = hooks();
		for (const chain of ['EGRESS', 'INGRESS']) {
			const name = backend === 'nft' ? chain.toLowerCase() : chain;
			lab.host.run('sh', ['-c', renames[backend].replace('FROM', name).replace('TO', `SOMETHING_${chain}`)]);
			await eventually(hooks, (now) => now.join() === before.join());
		}
		assert.equal(daemon.status().is, 'enabled');
		assert.equal(daemon.ask('disable').code, 0);
		assert.deepEqual(hooks(), []);
	});
