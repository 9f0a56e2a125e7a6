import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFiltered } from '../../../../src/firewall/foreign/filtered.ts';
import type { BaseChain, RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { ufwRules } from '../../../lab/net/foreign-rules.ts';
import { captureOf } from '../../../support/capture.ts';

const usual = captureOf({ appPorts: '8080' });

/** iptables' table filter as iptables-save says it: policies, then rules. */
function found(rules: readonly string[], { input = 'ACCEPT', output = 'ACCEPT', capture = usual } = {}): string[] {
	const chains = [...new Set(rules.map((rule) => rule.split(' ')[1]))].filter(
		(name) => name !== 'INPUT' && name !== 'OUTPUT',
	);
	const targets = rules.flatMap((rule) => / -j (f2b\S+)/.exec(rule)?.[1] ?? []);
	const text = [
		...['*filter', `:INPUT ${input} [0:0]`, ':FORWARD DROP [0:0]', `:OUTPUT ${output} [0:0]`],
		...[...new Set([...chains, ...targets])].map((name) => `:${name} - [0:0]`),
		...[...rules, 'COMMIT', ''],
	].join('\n');
	const saved: RuleText = { kind: 'saved', dialect: 'iptables-nft', family: 'ipv4', text };
	const base = (chain: string, hook: BaseChain['hook'], dropsRest: boolean): BaseChain => ({
		...{ family: 'ip', table: 'filter', chain, type: 'filter', hook, priority: 0, rules: 1, seen: 1, dropsRest },
	});
	const others = {
		chains: [base('INPUT', 'input', input === 'DROP'), base('OUTPUT', 'output', output === 'DROP')],
		legacyNat: {},
		texts: [saved],
	};
	const all = findFiltered(others, { capture, families: ['ipv4'] });
	return all.map(({ kind, way, port, rule }) => `${kind} ${way} ${port}: ${rule}`);
}

const stateful = [
	'-A INPUT -i lo -j ACCEPT',
	'-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
	'-A INPUT -m conntrack --ctstate INVALID -j DROP',
	'-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
];
const recipe = '-A INPUT -p tcp -m conntrack --ctstate DNAT --ctorigdstport 8080 -j ACCEPT';

test('a firewall with policy drop drops redirected connections, unless a rule accepts them', () => {
	const drop = { input: 'DROP' };
	const app = '-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT';
	assert.deepEqual(found([...stateful, app], drop), ["dropped inbound 8080: its chain's policy"]);
	assert.deepEqual(found([...stateful, app, '-A INPUT -j REJECT --reject-with icmp-host-prohibited']), [
		'dropped inbound 8080: -A INPUT -j REJECT --reject-with icmp-host-prohibited',
	]);
	assert.deepEqual(found([...stateful, app, recipe], drop), []);
	assert.deepEqual(found([...stateful, app, '-A INPUT -p tcp -m tcp --dport 15000 -j ACCEPT'], drop), []);
	assert.deepEqual(
		found([...stateful, app, '-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 15000,15001 -j ACCEPT'], drop),
		[],
	);
	// What was closed before stays closed.
	assert.deepEqual(found(stateful, drop), []);
	// Without the loopback nothing that programs here send arrives.
	assert.deepEqual(found([...stateful.slice(1), app, recipe], drop), ["dropped outbound 443: its chain's policy"]);
	assert.deepEqual(found(['-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT'], { output: 'DROP' }), [
		"dropped outbound 443: its chain's policy",
	]);
	// The interface that OUTPUT is told stays that of before.
	const open = ['-A OUTPUT -o lo -j ACCEPT', '-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT'];
	assert.deepEqual(found(open, { output: 'DROP' }), ["dropped outbound 443: its chain's policy"]);
	const envoy = '-A OUTPUT -p tcp -m conntrack --ctstate DNAT -m tcp --dport 15001 -j ACCEPT';
	assert.deepEqual(found([...open, envoy], { output: 'DROP' }), []);
	// What was closed apart from the loopback stays closed.
	assert.deepEqual(found(open.slice(0, 1), { output: 'DROP' }), []);
	const loopback = '-A INPUT -i lo -j DROP';
	assert.deepEqual(found([loopback]), [`dropped outbound 443: ${loopback}`]);
	assert.deepEqual(found(['-A INPUT -i eth1 -p tcp -m tcp --dport 15001 -j DROP']), []);
});

test('rules that deny by the dialled port or address have no effect any more', () => {
	const opened = (rule: string, way = 'inbound 8080') => assert.deepEqual(found([rule]), [`opened ${way}: ${rule}`]);
	opened('-A INPUT -p tcp -m tcp --dport 8080 -j DROP');
	opened('-A INPUT -s 192.0.2.0/24 -p tcp -m multiport --dports 80,8080 -j REJECT --reject-with icmp-port-unreachable');
	opened('-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 8000:8100 -j DROP'.replace('8000', '8080'));
	opened('-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable', 'outbound 25');
	opened('-A OUTPUT -d 10.9.0.0/16 -m owner --uid-owner 1000 -j DROP', 'outbound 443');
	opened('-A OUTPUT -p tcp -m owner --uid-owner 1000 -m tcp --dport 5432 -j DROP', 'outbound 5432');
});

test('rules that still have their effect, or do not match captured connections, are not told', () => {
	const holding = [
		'-A INPUT -p tcp -m tcp --dport 8081 -j DROP',
		'-A INPUT -p udp -m udp --dport 8080 -j DROP',
		'-A INPUT -s 192.0.2.7/32 -j DROP',
		'-A INPUT -p tcp -m conntrack --ctorigdstport 8080 -j DROP',
		'-A INPUT -s 192.0.2.7/32 -p tcp -m conntrack --ctorigdstport 8080 -j DROP',
		'-A INPUT -m conntrack --ctstate INVALID -j DROP',
		'-A INPUT -p tcp -m tcp ! --dport 22 -m conntrack --ctstate INVALID -j DROP',
		// The instance's metadata, for root alone: that address is not captured.
		'-A OUTPUT -d 169.254.169.254/32 -m owner ! --uid-owner 0 -j DROP',
		'-A OUTPUT -p tcp -m tcp --dport 22 -j DROP',
		'-A OUTPUT -p tcp -m owner --uid-owner 1337 -m tcp --dport 25 -j DROP',
		'-A OUTPUT -m owner --uid-owner 1000 -j DROP',
		'-A OUTPUT -d 127.0.0.0/8 -p tcp -m tcp --dport 6379 -j DROP',
	];
	for (const rule of holding) assert.deepEqual(found([rule]), [], rule);
	// Behind one that lets it in, nobody comes to it.
	assert.deepEqual(
		found(['-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT', '-A INPUT -p tcp -m tcp --dport 8080 -j DROP']),
		[],
	);
});

test('a rule that denies the redirected connection makes up for one without effect', () => {
	const banned = '-A INPUT -s 192.0.2.7/32 -p tcp -m tcp --dport 8080 -j DROP';
	const again = '-A INPUT -s 192.0.2.7/32 -p tcp -m conntrack --ctorigdstport 8080 -j DROP';
	assert.deepEqual(found([banned]), [`opened inbound 8080: ${banned}`]);
	assert.deepEqual(found([banned, again]), []);
	// Also where it is about redirected connections only, or about what is addressed to this host.
	assert.deepEqual(found([banned, again.replace('--ctorigdstport', '--ctstate DNAT --ctorigdstport')]), []);
	const local = (rule: string) => rule.replace('-p tcp', '-m addrtype --dst-type LOCAL -p tcp');
	assert.deepEqual(found([local(banned), local(again)]), []);
});

test("a jump by the dialled port to a chain that is not fail2ban's is no denial by itself", () => {
	assert.deepEqual(found(['-A INPUT -p tcp -m tcp --dport 8080 -j shop', '-A shop -j RETURN']), []);
});

test("fail2ban's bans by port have no effect, also while nobody is banned", () => {
	const jump = '-A INPUT -p tcp -m multiport --dports 80,8080 -j f2b-web';
	const ban = '-A f2b-web -s 192.0.2.7/32 -j REJECT --reject-with icmp-port-unreachable';
	assert.deepEqual(found([jump, '-A f2b-web -j RETURN']), [`opened inbound 8080: ${jump}`]);
	assert.deepEqual(found([jump, ban, '-A f2b-web -j RETURN']), [
		`opened inbound 8080: ${jump}`,
		`opened inbound 8080: ${ban}`,
	]);
	assert.deepEqual(found(['-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd', '-A f2b-sshd -j RETURN']), []);
	// banaction_allports.
	assert.deepEqual(found(['-A INPUT -p tcp -j f2b-web', ban, '-A f2b-web -j RETURN']), []);
});

test('a port that was closed and is open because of the redirect is told', () => {
	const dnat = '-A INPUT -m conntrack --ctstate DNAT -j ACCEPT';
	assert.deepEqual(found([...stateful, dnat], { input: 'DROP' }), ["opened inbound 8080: its chain's policy"]);
	assert.deepEqual(found([...stateful, dnat, '-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT'], { input: 'DROP' }), []);
});

test('a port that was closed and that a rule opens for redirected connections on purpose is not told', () => {
	assert.deepEqual(found([...stateful, recipe], { input: 'DROP' }), []);
	const envoy = '-A INPUT -p tcp -m tcp --dport 15000 -j ACCEPT';
	assert.deepEqual(found([...stateful, envoy], { input: 'DROP' }), []);
});

test('rules without a target only count packets, whatever their comment says', () => {
	for (const rule of ['-A INPUT', '-A INPUT -p tcp -m comment --comment DROP'])
		assert.deepEqual(found([rule]), [], rule);
});

test('a rule about packets that open no connection is no matter: those that follow it decide', () => {
	const app = '-A INPUT -p tcp -m tcp --dport 8080 -j ACCEPT';
	const others = ['! --tcp-flags FIN,SYN,RST,ACK SYN', '! --syn'];
	for (const match of others) {
		const stray = `-A INPUT -p tcp -m tcp ${match} -m conntrack --ctstate NEW -j DROP`;
		assert.deepEqual(found([stray, ...stateful, app], { input: 'DROP' }), ["dropped inbound 8080: its chain's policy"]);
		assert.deepEqual(found([stray]), []);
	}
	const opens = '-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m tcp --dport 15000 -j DROP';
	assert.deepEqual(found([opens]), [`dropped inbound 8080: ${opens}`]);
});

test('a rule that drops or denies is told with the name of its program, where that is known', () => {
	const text = ufwRules('v4').replace(/^-A ufw-user-input .*--dport 8080.*\n/m, '');
	const built = ':INPUT DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n';
	const chain = { family: 'ip', table: 'filter', type: 'filter', priority: 0, rules: 1, seen: 1 } as const;
	const chains: BaseChain[] = [{ ...chain, chain: 'INPUT', hook: 'input', dropsRest: true }];
	const named = (input: string) =>
		findFiltered(
			{ chains, legacyNat: {}, texts: [{ kind: 'saved', dialect: 'iptables-nft', family: 'ipv4', text: input }] },
			{ capture: usual, families: ['ipv4'] },
		).map(({ kind, rule, program }) => [kind, rule, program?.name]);
	const denying = text.replace('COMMIT', '-A ufw-user-input -p tcp -m tcp --dport 8080 -j DROP\nCOMMIT');
	assert.deepEqual(named(denying.replace(':INPUT DROP [0:0]\n', built)), [
		['opened', '-A ufw-user-input -p tcp -m tcp --dport 8080 -j DROP', 'ufw'],
	]);
	const jail = `*filter\n${built}:f2b-shop - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m multiport --dports 8080 -j f2b-shop\n-A INPUT -p tcp -j ACCEPT\n-A f2b-shop -j RETURN\nCOMMIT\n`;
	assert.deepEqual(named(jail), [['opened', '-A INPUT -p tcp -m multiport --dports 8080 -j f2b-shop', 'fail2ban']]);
});
