import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { wholeRulesOf } from '../../support/daemon.ts';
import { backends } from '../../support/dialects.ts';
import { eventually } from '../../support/eventually.ts';
import { openConnection, startListener } from '../../support/talk.ts';

const ways = [
	{ way: 'out', from: 'host', to: addresses.remote, port: 443, plain: 'remote', envoy: 15_001 },
	{ way: 'in', from: 'world', to: addresses.host, port: 8080, plain: 'app', envoy: 15_000 },
] as const;

/** Nobody else tracks connections here: what the kernel remembers stands still while no rules need it. */
for (const { backend } of backends)
	test(`on a bare ${backend} host a connection is not mistaken for one that was captured before from the same port`, async (context) => {
		using lab = createHost({ container: false });
		using stack = new DisposableStack();
		stack.use(await startListener(lab.world, 'remote', 443));
		stack.use(await startListener(lab.host, 'app', 8080));
		const args = ['--backend', backend, '--app-ports', '8080'];
		await using daemon = await startDaemon(lab.host, { args });
		for (const { way, from, to, port, plain, envoy } of ways)
			for (const family of ['v4', 'v6'] as const) {
				const localPort = family === 'v4' ? 40_004 : 40_006;
				using listener = await startListener(lab.host, 'envoy', envoy, 1337);
				assert.equal(daemon.ask('enable', '--json').stderr, '');
				using captured = await openConnection(lab[from], to[family], port, { localPort });
				captured.say('first');
				assert.equal(await captured.receive(), 'envoy hears first');
				// Envoy closes first: the caller's port is free at once.
				listener[Symbol.dispose]();
				assert.equal(await captured.receive(), 'ended');
				captured[Symbol.dispose]();
				assert.equal(daemon.ask('disable', '--drain', '20').code, 0);

				using direct = await openConnection(lab[from], to[family], port, { localPort });
				assert.equal(daemon.ask('enable', '--json').stderr, '');
				await context.test(`${way}, ${family}`, async () => {
					direct.say('second');
					assert.equal(await direct.receive(), `${plain} hears second`);
				});
				direct[Symbol.dispose]();
			}
	});

test('on a bare host a connection is not mistaken for a direct one that has ended while nobody looked', async () => {
	using lab = createHost({ container: false });
	using stack = new DisposableStack();
	const { remote } = addresses;
	stack.use(await startListener(lab.host, 'envoy', 15_001, 1337));
	await using daemon = await startDaemon(lab.host, { args: ['--app-ports', '8080'] });
	for (const family of ['v4', 'v6'] as const) {
		using listener = await startListener(lab.world, 'remote', 443);
		assert.equal(daemon.ask('enable', '--json').stderr, '');
		// Envoy's own goes directly.
		using direct = await openConnection(lab.host, remote[family], 443, { localPort: 40_008, uid: 1337 });
		direct.say('first');
		assert.equal(await direct.receive(), 'remote hears first');
		// One that is open is not forgotten with those that have ended.
		await wholeRulesOf(lab.host);
		assert.match(tracked(lab.host, family), /ESTABLISHED/);
		assert.equal(daemon.ask('disable', '--json').stderr, '');
		listener[Symbol.dispose]();
		assert.equal(await direct.receive(), 'ended');
		direct[Symbol.dispose]();
		assert.match(tracked(lab.host, family), /ESTABLISHED/);
		assert.equal(daemon.ask('enable', '--json').stderr, '');
		await eventually(
			() => tracked(lab.host, family),
			(text) => !text.includes('ESTABLISHED'),
		);
		using next = await openConnection(lab.host, remote[family], 443, { localPort: 40_008 });
		next.say('second');
		assert.equal(await next.receive(), 'envoy hears second');
		assert.equal(daemon.ask('disable', '--json').stderr, '');
	}
});

const tracked = (host: Namespace, family: 'v4' | 'v6'): string =>
	host.tryRun('conntrack', ['-L', '-p', 'tcp', '--orig-port-src', '40008', '-f', family === 'v4' ? 'ipv4' : 'ipv6'])
		.stdout;
