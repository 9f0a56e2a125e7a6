import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import { createPeer } from '../../lab/net/peer.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { backends } from '../../support/dialects.ts';
import { ownRules } from '../../support/own-rules.ts';
import { run } from '../../support/run.ts';
import { openConnection, startListener } from '../../support/talk.ts';
import { turnoutThrough, withPrograms } from '../../support/without.ts';

const families = ['v4', 'v6'] as const;
const envoyPorts = [15_000, 15_001] as const;

for (const { backend } of backends)
	test(`connections of this host whose own port is one of Envoy's go on when the ${backend} guard comes`, async (context) => {
		using lab = createHost({ container: false });
		using _remote = await startListener(lab.world, 'remote', 443);
		await using daemon = await startDaemon(lab.host, {
			args: ['--backend', backend, '--app-ports', '8080'],
		});
		for (const family of families)
			for (const localPort of envoyPorts)
				await context.test(`${family}, port ${localPort}`, async () => {
					using open = await openConnection(lab.host, addresses.remote[family], 443, { localPort });
					assert.equal(daemon.ask('enable', '--json').stderr, '');
					open.say('on');
					assert.equal(await open.receive(), 'remote hears on');
					using ignored = await openConnection(lab.host, addresses.remote[family], 443, {
						localPort: localPort === 15_000 ? 15_001 : 15_000,
						uid: 1337,
					});
					ignored.say('new');
					assert.equal(await ignored.receive(), 'remote hears new');
					assert.equal(daemon.ask('disable', '--json').stderr, '');
				});
	});

/** What takes the guard of IPv6 away. */
const unguarded: Readonly<Record<Dialect, string>> = {
	'iptables-nft': 'ip6tables-nft -w -t mangle -F PREROUTING',
	'iptables-legacy': 'ip6tables-legacy -w -t mangle -F PREROUTING',
	nft: 'nft flush chain inet turnout mangle_ingress_ipv6',
};

/** Envoy listens on all addresses; other hosts would find an open proxy. */
for (const { backend } of backends)
	test(`nobody dials Envoy from outside over a family that is not captured, with ${backend}`, async (context) => {
		using lab = createHost({ container: false });
		assert.equal(ownRules(lab.host, backend), '');
		using stack = new DisposableStack();
		const [envoy, world, app] = [
			stack.use(createPeer(lab.host, { uid: 1337 })),
			stack.use(createPeer(lab.world)),
			stack.use(createPeer(lab.host, { uid: 1000 })),
		];
		await Promise.all([envoy.listen('envoy', envoyPorts), world.listen('remote', [443])]);
		const settings = ['--backend', backend, '--app-ports', '8080', '--ipv6', '0'];
		const kindOf = async (address: string, port: number) =>
			(await world.connect(address, port, { timeoutMs: 1_000 })).kind;
		const isGuarded = async () => {
			for (const port of envoyPorts)
				for (const family of families)
					assert.equal(await kindOf(addresses.host[family], port), 'timeout', `${family}, port ${port}`);
			assert.partialDeepStrictEqual(await app.connect(addresses.remote.v4, 443), { by: 'envoy' });
			assert.partialDeepStrictEqual(await app.connect(addresses.remote.v6, 443), { by: 'remote' });
		};
		await context.test('by init', async () => {
			const { families: captured } = JSON.parse(run(lab.host, ['init', '--json', ...settings]).stdout);
			assert.deepEqual(captured, ['ipv4']);
			await isGuarded();
			run(lab.host, ['clean']);
		});
		await context.test('by the daemon, which says what it captures and finds nothing wrong', async () => {
			await using daemon = await startDaemon(lab.host, { args: [...settings, '--start-enabled', '1'] });
			await isGuarded();
			assert.deepEqual(daemon.status().families, ['ipv4']);
			assert.equal(daemon.ask('diff').code, 0);
			lab.host.run('sh', ['-c', unguarded[backend]]);
			assert.equal(daemon.ask('enable').code, 0);
			await isGuarded();
		});
		assert.equal(ownRules(lab.host, backend), '');
	});

test('a host without ip6tables captures IPv4, and is told that IPv6 has no guard', () => {
	using lab = createHost({ container: false });
	using scratch = createScratch('programs');
	const through = withPrograms(scratch.path, 'rm -f ip6tables*');
	const { code, stdout } = turnoutThrough(lab.host, through, ['init', '--ipv6', '0']);
	assert.equal(code, 0);
	assert.match(
		stdout,
		/IPv6 bypasses Envoy: ipv6 is 0, and others can dial Envoy's own ports over it: ip6tables is not/,
	);
});
