// The CNI plugin with real connections: what ADD captures, on each backend, and that nothing is left after DEL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../src/firewall/firewall.ts';
import { createHost, type Host } from '../../lab/net/host.ts';
import { addresses } from '../../lab/net/layout.ts';
import type { Namespace } from '../../lab/net/namespace.ts';
import { createPeers, type Peers } from '../../lab/net/peers.ts';
import { snapshotHost } from '../../lab/net/snapshot.ts';
import { proxied } from '../../support/aws-appmesh.ts';
import { nameOf } from '../../support/calls.ts';
import { assertDone, assertRefused, callPlugin, type Runtime } from '../../support/cni.ts';
import { unhurried } from '../../support/daemon.ts';
import { isWhole, ownRules } from '../../support/own-rules.ts';

const { remote, otherRemote, host: task } = addresses;
const versions = ['v4', 'v6'] as const;
const config = { ...proxied, egressIgnoredIPs: [otherRemote.v4, otherRemote.v6] };

function othersIn(dialect: 'nft' | 'legacy'): (host: Namespace) => void {
	return (host) => {
		for (const program of [`iptables-${dialect}`, `ip6tables-${dialect}`]) {
			host.run(program, ['-t', 'nat', '-A', 'PREROUTING', '-p', 'tcp', '--dport', '2222', '-j', 'REDIRECT']);
			host.run(program, ['-t', 'nat', '-A', 'OUTPUT', '-p', 'udp', '--dport', '2222', '-j', 'RETURN']);
			host.run(program, ['-t', 'mangle', '-A', 'PREROUTING', '-p', 'udp', '-j', 'MARK', '--set-mark', '16']);
			host.run(program, ['-t', 'mangle', '-A', 'OUTPUT', '-p', 'udp', '-j', 'MARK', '--set-mark', '16']);
		}
	};
}

function othersOfNft(host: Namespace): void {
	const chain = 'chain out { type filter hook output priority 0; udp dport 5353 drop; }';
	host.run('nft', ['-f', '-'], { input: `table inet others {\n${chain}\n}\n` });
}

/** What is there already, by which `auto` chooses. */
const places: readonly (readonly [what: string, backend: Dialect, prepare: (host: Namespace) => void])[] = [
	['a network without rules', 'iptables-nft', () => undefined],
	['rules of others by iptables-nft', 'iptables-nft', othersIn('nft')],
	['rules of others by iptables-legacy', 'iptables-legacy', othersIn('legacy')],
	['rules of others by nft', 'nft', othersOfNft],
];

interface Task extends Disposable {
	readonly lab: Host;
	readonly peers: Peers;
	readonly runtime: Runtime;
}

async function createTask(appPorts: readonly number[] = [5000, 5001, 7000]): Promise<Task> {
	using stack = new DisposableStack();
	const lab = stack.use(createHost({ container: false }));
	const ports = { egressPort: 8080, ingressPort: 8000, appPorts, worldPorts: [80, 443] };
	const peers = stack.use(await createPeers(lab, ports));
	const kept = stack.move();
	const runtime = { from: lab.container, network: lab.host.path };
	return { lab, peers, runtime, [Symbol.dispose]: () => kept.dispose() };
}

type Who = 'world' | 'app' | 'proxyUser';

async function assertAnswered({ peers }: Task, who: Who, address: string, port: number, by: string): Promise<void> {
	const patience = by === 'nobody' ? { timeoutMs: 300 } : unhurried;
	assert.equal(nameOf(await peers[who].connect(address, port, patience)), by, `${who} to ${address}, port ${port}`);
}

async function assertCaptured(on: Task, version: 'v4' | 'v6'): Promise<void> {
	await assertAnswered(on, 'app', remote[version], 443, 'egress listener');
	await assertAnswered(on, 'app', remote[version], 80, 'remote');
	await assertAnswered(on, 'app', otherRemote[version], 443, 'remote');
	await assertAnswered(on, 'proxyUser', remote[version], 443, 'remote');
	await assertAnswered(on, 'app', task[version], 5000, 'app');
	await assertAnswered(on, 'world', task[version], 5001, 'ingress listener');
	await assertAnswered(on, 'world', task[version], 7000, 'app');
	await assertAnswered(on, 'world', task[version], 8080, 'nobody');
}

async function assertPlain(on: Task, version: 'v4' | 'v6'): Promise<void> {
	await assertAnswered(on, 'app', remote[version], 443, 'remote');
	await assertAnswered(on, 'world', task[version], 5001, 'app');
}

for (const [what, backend, prepare] of places)
	test(`ADD with ${what}: who answers is as configured, in both families; DEL leaves nothing`, async () => {
		using on = await createTask();
		const { host } = on.lab;
		prepare(host);
		const before = snapshotHost(host);
		const prevResult = { cniVersion: '1.0.0', IPs: [{ Address: '10.1.2.3/16', more: [null, 1.5] }], dns: {} };
		assertDone(callPlugin(on.runtime, 'ADD', { config: { ...config, prevResult } }), prevResult);
		const installed = ownRules(host, backend);
		assert.ok(isWhole(host, backend), `${backend}: ${installed}`);
		for (const version of versions) await assertCaptured(on, version);
		assertDone(callPlugin(on.runtime, 'CHECK', { config }));
		assertDone(callPlugin(on.runtime, 'ADD', { config }), { cniVersion: '1.0.0' });
		assert.equal(ownRules(host, backend), installed);
		for (const _ of ['once', 'twice']) assertDone(callPlugin(on.runtime, 'DEL', { config }));
		for (const version of versions) await assertPlain(on, version);
		assert.equal(ownRules(host, backend), '');
		if (what === 'a network without rules') return;
		const after = snapshotHost(host);
		for (const [section, text] of Object.entries(before)) assert.equal(after[section], text, section);
	});

test('without enableIPv6 only IPv4 is captured; without app ports only what goes out', async () => {
	using on = await createTask();
	const { proxyIngressPort: _, appPorts: __, enableIPv6: ___, ...outbound } = config;
	const { code, stderr } = callPlugin(on.runtime, 'ADD', { config: outbound });
	assert.deepEqual([code, stderr], [0, 'turnout: IPv6 bypasses Envoy: ipv6 is 0\n']);
	await assertAnswered(on, 'app', remote.v4, 443, 'egress listener');
	await assertAnswered(on, 'app', remote.v6, 443, 'remote');
	await assertAnswered(on, 'world', task.v4, 5000, 'app');
	assertDone(callPlugin(on.runtime, 'CHECK', { config: outbound }));
	assertDone(callPlugin(on.runtime, 'DEL', { config: outbound }));
	for (const version of versions) await assertPlain(on, version);
});

for (const count of [16, 40])
	test(`all of ${count} ports count, and not the first 15 only`, async () => {
		const ports = Array.from({ length: count }, (_, at) => 5000 + 2 * at);
		const last = ports.at(-1) ?? 0;
		using on = await createTask(ports);
		await on.peers.world.listen('remote', [last]);
		const texts = ports.map(String);
		const many = { ...config, appPorts: texts, egressIgnoredPorts: texts };
		assertDone(callPlugin(on.runtime, 'ADD', { config: many }), { cniVersion: '1.0.0' });
		for (const version of versions) {
			await assertAnswered(on, 'world', task[version], last, 'ingress listener');
			await assertAnswered(on, 'app', remote[version], last, 'remote');
			await assertAnswered(on, 'app', remote[version], 443, 'egress listener');
		}
		assertDone(callPlugin(on.runtime, 'CHECK', { config: many }));
		assertDone(callPlugin(on.runtime, 'DEL', { config: many }));
		assert.equal(ownRules(on.lab.host, 'iptables-nft'), '');
	});

test('CHECK says what somebody has removed; ADD puts it right', async () => {
	using on = await createTask();
	const { host } = on.lab;
	assertRefused(callPlugin(on.runtime, 'CHECK'), 999, /^the rules are not as ADD has made them; missing in /);
	assertDone(callPlugin(on.runtime, 'ADD'), { cniVersion: '1.0.0' });
	assertDone(callPlugin(on.runtime, 'CHECK'));
	host.run('ip6tables-nft', ['-t', 'nat', '-F', 'APPMESH_EGRESS']);
	assertRefused(callPlugin(on.runtime, 'CHECK'), 999, /missing in nat: -A APPMESH_EGRESS/);
	assertDone(callPlugin(on.runtime, 'ADD'), { cniVersion: '1.0.0' });
	assertDone(callPlugin(on.runtime, 'CHECK'));
	assertRefused(
		callPlugin(on.runtime, 'CHECK', { config: { ...proxied, appPorts: ['5000'] } }),
		999,
		/ --dports 5000 /,
	);
});

test('DEL removes what the plugin had installed that this one takes the place of', async () => {
	using on = await createTask();
	for (const program of ['iptables-nft', 'ip6tables-nft'])
		for (const rule of [
			'-N APPMESH_EGRESS',
			'-A APPMESH_EGRESS -m owner --uid-owner 1337 -j RETURN',
			'-A APPMESH_EGRESS -p tcp -j REDIRECT --to 8080',
			'-A OUTPUT -p tcp -m addrtype ! --dst-type LOCAL -j APPMESH_EGRESS',
			'-N APPMESH_INGRESS',
			'-A APPMESH_INGRESS -p tcp -m multiport --dports 5000,5001 -j REDIRECT --to-port 8000',
			'-A PREROUTING -p tcp -m addrtype ! --src-type LOCAL -j APPMESH_INGRESS',
		])
			on.lab.host.run(program, ['-t', 'nat', ...rule.split(' ')]);
	assertDone(callPlugin(on.runtime, 'DEL'));
	assert.equal(ownRules(on.lab.host, 'iptables-nft'), '');
	for (const version of versions) await assertPlain(on, version);
});
