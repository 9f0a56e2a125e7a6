// What further settings make of the behaviour table, each put in force over the one before, with real connections.
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { testCalls } from '../../support/calls.ts';
import { backends } from '../../support/dialects.ts';
import { worldAddresses } from '../../support/rows.ts';
import { run } from '../../support/run.ts';
import { type Variant, variants } from '../../support/variants.ts';

for (const { backend } of backends)
	test(`with ${backend} rules every setting decides who answers`, async (context) => {
		using lab = createHost({ worldAddresses });
		using peers = await createPeers(lab);
		for (const { listeners } of variants) await listen(peers, listeners);
		for (const { title, settings, calls } of variants) {
			run(lab.host, ['init', '--backend', backend, ...settings]);
			await testCalls(context, peers, title, calls);
		}
	});

async function listen({ world, app, proxyUser }: Peers, listeners: Variant['listeners'] = {}): Promise<void> {
	const peers = { remote: world, app, 'egress listener': proxyUser, 'ingress listener': proxyUser } as const;
	for (const [name, ports] of Object.entries(listeners)) await peers[name as keyof typeof peers].listen(name, ports);
}
