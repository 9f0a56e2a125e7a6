// What further settings make of the behaviour table, each put in force over the one before, with real connections.
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { type Cast, createCast } from '../../lab/net/peers.ts';
import { testCalls } from '../../support/calls.ts';
import { backendOf, dialects } from '../../support/dialects.ts';
import { worldAddresses } from '../../support/rows.ts';
import { run } from '../../support/run.ts';
import { type Variant, variants } from '../../support/variants.ts';

for (const dialect of dialects)
	test(`with ${dialect} rules every setting decides who answers`, async (context) => {
		using lab = createHost({ worldAddresses });
		using cast = await createCast(lab);
		for (const { listeners } of variants) await listen(cast, listeners);
		for (const { title, settings, calls } of variants) {
			run(lab.host, ['init', '--backend', backendOf(dialect), ...settings]);
			await testCalls(context, cast, title, calls);
		}
	});

async function listen({ world, app, proxyUser }: Cast, listeners: Variant['listeners'] = {}): Promise<void> {
	const actors = { remote: world, app, 'egress listener': proxyUser, 'ingress listener': proxyUser } as const;
	for (const [name, ports] of Object.entries(listeners)) await actors[name as keyof typeof actors].listen(name, ports);
}
