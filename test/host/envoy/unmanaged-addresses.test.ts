// An Envoy that somebody else runs, which listens on the right ports at the wrong addresses: the kernel's sockets tell.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { ids } from '../../lab/net/peers.ts';
import { startDaemon, type TestDaemon } from '../../lab/turnout.ts';
import { eventually } from '../../support/eventually.ts';
import { openConnection, startListener } from '../../support/talk.ts';

type At = readonly string[];

async function listen(host: Namespace, ingress: At, egress: At): Promise<DisposableStack> {
	const stack = new DisposableStack();
	// One after the other, as two of a program of one name.
	for (const [port, all] of [
		[15_000, ingress],
		[15_001, egress],
	] as const)
		for (const address of all)
			await stack.use(createPeer(host, { uid: ids.proxy })).listen('envoy', [port], { address });
	return stack;
}

const envoyCondition = (daemon: TestDaemon) => {
	const found = daemon.status().conditions.find(({ subject }) => subject === 'envoy');
	return found?.ok === false ? found.why : '';
};

// One socket for both families.
const all: At = ['::'];
const wrong: readonly (readonly [what: string, ingress: At, egress: At, args: readonly string[], why: RegExp])[] = [
	[
		'inbound on the loopback only',
		['127.0.0.1', '::1'],
		all,
		[],
		/^on 15000 \(ingressPort\) it listens on 127\.0\.0\.1 and ::1 only, where no captured connection of others arrives$/,
	],
	[
		'outbound on the address of an interface',
		all,
		[addresses.host.v4, addresses.host.v6],
		[],
		/^on 15001 \(egressPort\) .* where no captured connection of this host arrives$/,
	],
	[
		'outbound on the loopback while bridges are captured',
		all,
		['127.0.0.1', '::1'],
		['--bridges', 'docker0'],
		/^on 15001 .* where no captured connection of others arrives$/,
	],
	[
		'on IPv4 only while IPv6 is captured',
		['0.0.0.0'],
		['127.0.0.1'],
		['--ipv6', '1'],
		/^on 15000 .* of others over IPv6 arrives; on 15001 .* of this host over IPv6 arrives$/,
	],
];

describe('an Envoy that somebody else runs', () => {
	for (const [what, ingress, egress, more, why] of wrong)
		test(`that listens ${what} is told of by status, enable and wait`, async () => {
			using lab = createHost({ container: false });
			using _ = await listen(lab.host, ingress, egress);
			await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', ...more] });
			const enabled = daemon.ask('enable');
			assert.equal(enabled.code, 1);
			assert.match(enabled.stdout, / {2}!! {2}envoy: on 1500\d .* it listens on /);
			assert.match(envoyCondition(daemon), why);
			const waited = daemon.ask('wait', '--timeout', '1');
			assert.notEqual(waited.code, 0);
			assert.match(waited.stderr, /after 1 s: on 1500\d .* it listens on /);
		});

	test('that listens where everything arrives is well, and what arrives is with it', async () => {
		using lab = createHost({ container: false });
		using _ = await listen(lab.host, [addresses.host.v4, addresses.host.v6], ['127.0.0.1', '::1']);
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--ipv6', '1'] });
		assert.equal(daemon.ask('enable').code, 0);
		assert.equal(envoyCondition(daemon), '');
		using world = createPeer(lab.world);
		assert.partialDeepStrictEqual(await world.connect(addresses.host.v6, 8080, { timeoutMs: 20_000 }), { by: 'envoy' });
	});

	test('and moves away while it is watched is told of once it has', async () => {
		using lab = createHost({ container: false });
		using _ = await listen(lab.host, all, []);
		using first = createPeer(lab.host, { uid: ids.proxy });
		const well = await first.listen('envoy', [15_001]);
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
		assert.equal(daemon.ask('enable').code, 0);
		await well.close();
		await first.listen('envoy', [15_001], { address: addresses.host.v4 });
		await eventually(
			() => envoyCondition(daemon),
			(why) => /this host arrives$/.test(why),
		);
	});

	test('keeps what works from being cut where it would not hear it', async () => {
		using lab = createHost({ container: false });
		using _ = await listen(lab.host, ['127.0.0.1'], ['0.0.0.0']);
		using _app = await startListener(lab.host, 'app', 8080);
		using _remote = await startListener(lab.world, 'remote', 443);
		using inbound = await openConnection(lab.world, addresses.host.v4, 8080);
		using outbound = await openConnection(lab.host, addresses.remote.v4, 443);
		using outbound6 = await openConnection(lab.host, addresses.remote.v6, 443);
		await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080', '--ipv6', '1'] });
		const { stdout } = daemon.ask('enable', '--cut-existing');
		assert.match(
			stdout,
			/^1 connection was ended, 2 left open \(2 because Envoy does not listen where they would arrive\)$/m,
		);
		for (const talker of [inbound, outbound, outbound6]) talker.say('word');
		assert.equal(await inbound.receive(), 'app hears word');
		assert.equal(await outbound6.receive(), 'remote hears word');
		assert.match(await outbound.receive(), /^ECONN(RESET|ABORTED)$/);
	});
});
