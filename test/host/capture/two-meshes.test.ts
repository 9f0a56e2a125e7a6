// Another interceptor redirects the same connections: who answers them, and what status says of it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '../../../src/status/types.ts';
import { installDockerRules } from '../../lab/net/docker-rules.ts';
import { installUfwRules } from '../../lab/net/foreign-rules.ts';
import { createHost } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import {
	installInterceptor,
	interceptors,
	iptablesOf,
	istioInNft,
	nftOf,
	theirs,
} from '../../lab/net/other-programs.ts';
import { createPeer, type Peer } from '../../lab/net/peer.ts';
import { ids } from '../../lab/net/peers.ts';
import { type Dialect, families } from '../../lab/net/restore.ts';
import { startDaemon } from '../../lab/turnout.ts';
import { nameOf } from '../../support/calls.ts';
import { eventually } from '../../support/eventually.ts';
import { createFaultHost, type FaultHost } from '../../support/faults.ts';
import { run } from '../../support/run.ts';
import { suiteStack } from '../../support/suite-stack.ts';

const names = Object.keys(interceptors) as (keyof typeof interceptors)[];

interface Place extends FaultHost {
	readonly theirProxy: Peer;
}

async function createPlace(
	dialect: Dialect,
	stack: AsyncDisposableStack,
	args: readonly string[] = [],
): Promise<Place> {
	const place = stack.use(await createFaultHost(`iptables-${dialect}`, { args }));
	const theirProxy = stack.use(createPeer(place.lab.host, { uid: theirs.uid }));
	await theirProxy.listen('their proxy, outbound', [theirs.outbound]);
	await theirProxy.listen('their proxy, inbound', [theirs.inbound]);
	return { ...place, theirProxy };
}

/** Of each family the same, or the test fails. */
async function answered(ask: (address: 'v4' | 'v6') => ReturnType<Peer['connect']>): Promise<string> {
	const [v4, v6] = await Promise.all([ask('v4'), ask('v6')]);
	assert.equal(nameOf(v6), nameOf(v4));
	return nameOf(v4);
}
const patience = { timeoutMs: 10_000 };
const outbound = (by: Peer) => answered((family) => by.connect(addresses.remote[family], 443, patience));
const inbound = ({ peers }: Place) => answered((family) => peers.world.connect(addresses.host[family], 8080, patience));

async function untilTold({ status }: Place, text: RegExp): Promise<Status> {
	return eventually(status, (now) => text.test(toldIn(now)));
}
const toldIn = ({ conditions }: Status): string =>
	conditions.flatMap((one) => (one.subject === 'interceptors' && !one.ok ? [`${one.why} ${one.remedy}`] : [])).join();

const othersIn = ({ others = [] }: Status): string[] => others.map(({ name, tools }) => `${name}: ${tools}`);

/** What is in the built-in chains leads to theirs. */
function removeInterceptor({ lab: { host } }: Place, dialect: Dialect): void {
	for (const family of families) {
		const program = `${family === 'v4' ? 'iptables' : 'ip6tables'}-${dialect}`;
		const saved = host.run(`${program}-save`, ['-t', 'nat']);
		const isTheirs = (name = '') => /^(ISTIO|KUMA|PROXY_INIT|CONSUL)_/.test(name);
		const hooks = saved
			.match(/^-A (PREROUTING|OUTPUT) .*$/gm)
			?.filter((line) => isTheirs(/ -j (\S+)$/.exec(line)?.[1]));
		const chains = [...saved.matchAll(/^:(\S+) /gm)].flatMap(([, name = '']) => (isTheirs(name) ? [name] : []));
		const lines = [
			...(hooks ?? []).map((line) => line.replace('-A', '-D')),
			...chains.map((name) => `-F ${name}`),
			...chains.map((name) => `-X ${name}`),
		];
		host.run(`${program}-restore`, ['--noflush'], { input: ['*nat', ...lines, 'COMMIT', ''].join('\n') });
	}
}

test('whoever has rules here is named, harmless or not, also while interception is off', async () => {
	using lab = createHost({ container: false });
	const { host } = lab;
	installDockerRules(host, 'nft');
	installUfwRules(host, 'legacy');
	for (const input of Object.values(iptablesOf)) host.run('iptables-nft-restore', ['--noflush'], { input });
	for (const input of Object.values(nftOf)) host.run('nft', ['-f', '-'], { input });
	await using daemon = await startDaemon(host, { args: ['--app-ports', '8080'] });
	assert.deepEqual(othersIn(daemon.status()), [
		'Docker: iptables-nft,nft',
		'kube-proxy: iptables-nft,nft',
		'Podman: nft',
		'firewalld: iptables-nft,nft',
		'ufw: iptables-legacy',
		'fail2ban: iptables-nft,nft',
	]);
	const { stdout } = daemon.ask('enable');
	assert.match(stdout, /^others {8}Docker \(iptables-nft, nft\); kube-proxy \(iptables-nft, nft\); Podman/m);
	assert.match(stdout, /^ {2}ok {2}interceptors$/m);
});

describe('rules of ours in iptables-nft', async () => {
	const stack = suiteStack();
	const place = await createPlace('nft', stack);

	for (const dialect of ['nft', 'legacy'] satisfies Dialect[])
		for (const name of dialect === 'nft' ? names : names.slice(0, 2))
			test(`${name} in iptables-${dialect}: Envoy gets the connections, and the circle of both proxies is told`, async () => {
				installInterceptor(place.lab.host, dialect, name, theirs.uid);
				// Their rules come one family after the other.
				const whole = new RegExp(
					`^${name} redirects inbound and outbound ipv4 and ipv6 connections too: Envoy gets them`,
				);
				const status = await untilTold(place, whole);
				assert.equal(await outbound(place.peers.app), 'egress listener');
				assert.equal(await inbound(place), 'ingress listener');
				assert.equal(await outbound(place.peers.proxyUser), 'their proxy, outbound');
				assert.equal(await outbound(place.theirProxy), 'egress listener');
				const why = toldIn(status);
				assert.match(why, /what its proxy sends \(user 5678\) goes to Envoy, and what Envoy sends .*, in a circle/);
				assert.deepEqual(othersIn(status), [`${name}: iptables-${dialect}`]);
				assert.equal(place.daemon.ask('wait', '--timeout', '0').code, 1);
				removeInterceptor(place, dialect);
				await eventually(place.status, (now) => toldIn(now) === '' && now.others === undefined);
			});

	test('Istio with its own user, which is ours too: no circle', async () => {
		installInterceptor(place.lab.host, 'nft', 'Istio', ids.proxy);
		const status = await untilTold(place, /^Istio redirects/);
		assert.doesNotMatch(toldIn(status), /circle|goes to/);
		assert.equal(await outbound(place.peers.proxyUser), 'remote');
		assert.equal(await outbound(place.peers.app), 'egress listener');
		removeInterceptor(place, 'nft');
		await eventually(place.status, (now) => toldIn(now) === '');
	});

	test("Istio's nftables mode with its usual priority, made later: ours are the first again", async () => {
		place.lab.host.run('nft', ['-f', '-'], { input: istioInNft(theirs.uid) });
		const status = await untilTold(place, /^Istio redirects .* too: Envoy gets them/);
		assert.equal(await outbound(place.peers.app), 'egress listener');
		assert.equal(await inbound(place), 'ingress listener');
		assert.deepEqual(othersIn(status), ['Istio: nft']);
		place.lab.host.run('nft', ['delete', 'table', 'inet', 'istio-proxy-nat']);
		await eventually(place.status, (now) => toldIn(now) === '');
	});

	test("Istio's nftables mode with a priority before ours: its proxy gets them, and that is told as such", async () => {
		place.lab.host.run('nft', ['-f', '-'], { input: istioInNft(theirs.uid, -110) });
		const status = await untilTold(place, /^Istio redirects .* before our rules: its proxy gets them, not Envoy/);
		assert.equal(await outbound(place.peers.app), 'their proxy, outbound');
		assert.equal(await inbound(place), 'their proxy, inbound');
		// Told once.
		assert.equal(status.conditions.find(({ subject }) => subject === 'order')?.ok, true);
		assert.match(toldIn(status), /sidecar\.istio\.io\/inject/);
		assert.match(place.daemon.ask('status').stdout, /^others {8}Istio \(nft\)$/m);
		place.lab.host.run('nft', ['delete', 'table', 'inet', 'istio-proxy-nat']);
		await eventually(place.status, (now) => toldIn(now) === '');
		assert.equal(await outbound(place.peers.app), 'egress listener');
	});
});

describe('rules of ours in iptables-legacy', async () => {
	const stack = suiteStack();
	const place = await createPlace('legacy', stack);

	test('Kuma in the same tables: Envoy gets the connections', async () => {
		installInterceptor(place.lab.host, 'legacy', 'Kuma', theirs.uid);
		await untilTold(place, /^Kuma redirects .* too: Envoy gets them/);
		assert.equal(await outbound(place.peers.app), 'egress listener');
		assert.equal(await inbound(place), 'ingress listener');
		removeInterceptor(place, 'legacy');
		await eventually(place.status, (now) => toldIn(now) === '');
	});

	test('Linkerd in iptables-nft, made later: its proxy gets them', async () => {
		installInterceptor(place.lab.host, 'nft', 'Linkerd', theirs.uid);
		await untilTold(place, /^Linkerd redirects .* before our rules: its proxy gets them, not Envoy/);
		assert.equal(await outbound(place.peers.app), 'their proxy, outbound');
		assert.equal(await inbound(place), 'their proxy, inbound');
	});
});

describe('rules of ours in a table of nft', async () => {
	const stack = suiteStack();
	const place = await createPlace('nft', stack, ['--backend', 'nft']);

	test('Kuma in iptables-nft: Envoy gets the connections, and the circle of both proxies is told', async () => {
		installInterceptor(place.lab.host, 'nft', 'Kuma', theirs.uid);
		assert.match(toldIn(await untilTold(place, /^Kuma redirects .* too: Envoy gets them/)), /in a circle/);
		assert.equal(await outbound(place.peers.app), 'egress listener');
		assert.equal(await inbound(place), 'ingress listener');
		assert.equal(await outbound(place.peers.proxyUser), 'their proxy, outbound');
		removeInterceptor(place, 'nft');
		await eventually(place.status, (now) => toldIn(now) === '');
	});

	for (const [priority, told, out, into] of [
		[-100, / too: Envoy gets them/, 'egress listener', 'ingress listener'],
		[-110, / before our rules: its proxy gets them/, 'their proxy, outbound', 'their proxy, inbound'],
	] as const)
		test(`Istio's nftables mode with priority ${priority}: ${out}`, async () => {
			place.lab.host.run('nft', ['-f', '-'], { input: istioInNft(theirs.uid, priority) });
			await untilTold(place, told);
			assert.equal(await outbound(place.peers.app), out);
			assert.equal(await inbound(place), into);
			place.lab.host.run('nft', ['delete', 'table', 'inet', 'istio-proxy-nat']);
			await eventually(place.status, (now) => toldIn(now) === '');
		});
});

test('init tells of another interceptor too', () => {
	using lab = createHost({ container: false });
	installInterceptor(lab.host, 'nft', 'Linkerd', theirs.uid);
	const { stdout } = run(lab.host, ['init', '--app-ports', '8080']);
	assert.match(stdout, /^Linkerd redirects inbound and outbound ipv4 and ipv6 connections too: Envoy gets them/m);
});
