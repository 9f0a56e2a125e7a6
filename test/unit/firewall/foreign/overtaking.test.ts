import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../../src/firewall/firewall.ts';
import type { BaseChain, ForeignRules, RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../../../../src/firewall/foreign/overtaking.ts';
import type { Capture } from '../../../../src/ruleset/capture.ts';
import { captureOf as capture } from '../../../support/capture.ts';

type Nft = Extract<RuleText, { kind: 'nft' }>;

const chain = (
	family: BaseChain['family'],
	table: string,
	name: string,
	hook: BaseChain['hook'],
	more: Partial<BaseChain> = {},
): BaseChain => ({
	...{ family, table, chain: name, hook, type: 'nat', priority: -100, dropsRest: false, rules: 1, seen: 2 },
	...more,
});
/** Ours, which were there before. */
const own = (['ip', 'ip6'] as const).flatMap((family) =>
	(['prerouting', 'output'] as const).map((hook) => chain(family, 'nat', hook.toUpperCase(), hook, { seen: 1 })),
);
const table = (
	family: Nft['family'],
	name: string,
	chains: Readonly<Record<string, readonly object[][]>>,
	more: readonly object[] = [],
): Nft => ({
	kind: 'nft',
	family,
	table: name,
	text: JSON.stringify({
		nftables: [
			...more,
			...Object.keys(chains).map((each) => ({ chain: { family, table: name, name: each } })),
			...Object.entries(chains).flatMap(([each, rules]) => rules.map((expr) => ({ rule: { chain: each, expr } }))),
		],
	}),
});
const equal = (left: object, right: unknown) => ({ match: { op: '==', left, right } });
const dport = { payload: { protocol: 'tcp', field: 'dport' } };
const local = equal({ fib: { result: 'type', flags: ['daddr'] } }, 'local');
const dnat = { dnat: { addr: '172.18.0.2', port: 80 } };
const jump = (target: string) => ({ jump: { target } });

const found = (others: Partial<ForeignRules>, of: Capture = capture({ appPorts: '8080' })) =>
	findOvertaking(
		{ chains: [...own, ...(others.chains ?? [])], legacyNat: others.legacyNat ?? {}, texts: others.texts ?? [] },
		{ capture: of, families: ['ipv4'], dialect: 'iptables-nft' },
	).map(({ kind, port, rule, isFirst }) => [kind, port, rule, isFirst]);

/** As Docker 29 with its nftables backend makes them, of a container that publishes a port. */
const docker = (port: number): Partial<ForeignRules> => ({
	chains: [
		chain('ip', 'docker-bridges', 'nat-PREROUTING', 'prerouting'),
		chain('ip', 'docker-bridges', 'nat-OUTPUT', 'output'),
	],
	texts: [
		table('ip', 'docker-bridges', {
			'nat-PREROUTING': [[local, { counter: {} }, jump('nat-prerouting-and-output')]],
			'nat-OUTPUT': [
				[
					{
						match: {
							op: '!=',
							left: { payload: { protocol: 'ip', field: 'daddr' } },
							right: { prefix: { addr: '127.0.0.0', len: 8 } },
						},
					},
					local,
					jump('nat-prerouting-and-output'),
				],
			],
			'nat-prerouting-and-output': [
				[{ match: { op: '!=', left: { meta: { key: 'iifname' } }, right: 'docker0' } }, equal(dport, port), dnat],
			],
		}),
	],
});

test("a port that Docker's nftables backend publishes matters only if it is an app port", () => {
	assert.deepEqual(found(docker(8080)), [
		['inbound', 8080, 'iifname != docker0 tcp dport 8080 dnat', true].map((part) =>
			typeof part === 'string' ? part.replace('iifname', 'meta iifname') : part,
		),
	]);
	assert.deepEqual(found(docker(8081)), []);
});

/** As kube-proxy's nftables mode makes them: addresses, protocols and ports lead to a service's chain by a map. */
const kubeProxy = (port: number): Partial<ForeignRules> => ({
	chains: [chain('ip', 'kube-proxy', 'nat-output', 'output', { priority: -100 })],
	texts: [
		table(
			'ip',
			'kube-proxy',
			{
				'nat-output': [[jump('services')]],
				services: [
					[
						{
							vmap: {
								key: {
									concat: [
										{ payload: { protocol: 'ip', field: 'daddr' } },
										{ meta: { key: 'l4proto' } },
										{ payload: { protocol: 'th', field: 'dport' } },
									],
								},
								data: '@service-ips',
							},
						},
					],
				],
				'service-X': [
					[
						{
							vmap: {
								key: { numgen: { mode: 'random', mod: 1 } },
								data: { set: [[0, { goto: { target: 'endpoint-Y' } }]] },
							},
						},
					],
				],
				'endpoint-Y': [[equal({ meta: { key: 'l4proto' } }, 'tcp'), { dnat: { addr: '10.180.0.1', port: 8000 } }]],
			},
			[
				{
					map: {
						name: 'service-ips',
						elem: [[{ concat: ['172.30.0.41', 'tcp', port] }, { goto: { target: 'service-X' } }]],
					},
				},
			],
		),
	],
});

test("services of kube-proxy's nftables mode are translated before ours, except ignored ones", () => {
	assert.deepEqual(found(kubeProxy(80)), [['outbound', 80, 'meta l4proto tcp dnat', true]]);
	assert.deepEqual(found(kubeProxy(22)), []);
	assert.deepEqual(found(kubeProxy(80), capture({ appPorts: '8080', egressIgnoredIps: '172.30.0.0/16' })), []);
	assert.deepEqual(found(kubeProxy(80), capture({ egressOnlyPorts: '443' })), []);
});

test('a chain that was registered before ours, or has a later priority, does not matter; of one seen at the same time the order is unknown', () => {
	const at = (more: Partial<BaseChain>) => {
		const { chains = [], texts = [] } = docker(8080);
		return found({ chains: chains.map((each) => ({ ...each, ...more })), texts });
	};
	assert.deepEqual(at({ seen: 0 }), []);
	assert.deepEqual(at({ priority: -90 }), []);
	assert.equal(at({ seen: 1 })[0]?.[3], false);
	assert.equal(at({ seen: 0, priority: -101 })[0]?.[3], true);
	assert.deepEqual(at({ rules: 0 }), []);
});

test('rules that cannot be read or parsed count as taking everything', () => {
	const { chains = [] } = docker(8080);
	const unread = { kind: 'nft', family: 'ip', table: 'docker-bridges', text: '' } as const;
	assert.deepEqual(
		found({ chains, texts: [unread] }).map(([kind]) => kind),
		['inbound', 'outbound'],
	);
	const strange = table('ip', 'docker-bridges', { 'nat-PREROUTING': [[equal({ socket: { key: 'mark' } }, 3), dnat]] });
	assert.equal(found({ chains, texts: [strange] }).length, 1);
});

const saved = (dialect: 'iptables-nft' | 'iptables-legacy', text: string): RuleText => ({
	kind: 'saved',
	dialect,
	family: 'ipv4',
	text,
});

test('where nothing that arrives is captured, rules that cannot be read take only what is sent', () => {
	const { chains = [] } = docker(8080);
	const unread = { kind: 'nft', family: 'ip', table: 'docker-bridges', text: '' } as const;
	assert.deepEqual(
		found({ chains, texts: [unread] }, capture({})).map(([kind]) => kind),
		['outbound'],
	);
});

test('where our rules are not installed nothing comes before them; those of iptables-legacy are as old as its table', () => {
	const { chains = [], texts = [] } = docker(8080);
	const kinds = (dialect: Dialect, legacyNat: ForeignRules['legacyNat'] = {}) =>
		findOvertaking(
			{ chains, texts, legacyNat },
			{ capture: capture({ appPorts: '8080' }), families: ['ipv4'], dialect },
		).map(({ kind, isFirst }) => [kind, isFirst]);
	assert.deepEqual(kinds('iptables-nft'), []);
	assert.deepEqual(kinds('iptables-legacy'), []);
	assert.deepEqual(kinds('iptables-legacy', { ipv4: 1 }), [['inbound', true]]);
	assert.deepEqual(kinds('iptables-legacy', { ipv4: 2 }), [['inbound', false]]);
	assert.deepEqual(kinds('iptables-legacy', { ipv4: 3 }), []);
});

test('rules for the interface of a captured bridge count, those for another interface do not', () => {
	const kinds = (name: string) => {
		const rule = `-A PREROUTING -i ${name} -p tcp -j NOTRACK`;
		const raw = saved('iptables-legacy', `*raw\n:PREROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`);
		return found({ texts: [raw] }, capture({ bridges: 'docker0' })).map(([kind]) => kind);
	};
	assert.deepEqual(kinds('docker0'), ['from bridges']);
	assert.deepEqual(kinds('docker+'), ['from bridges']);
	assert.deepEqual(kinds('eth1'), []);
});

test('rules of the other dialect count if they come first and match captured connections', () => {
	const raw = (rule: string) =>
		saved('iptables-legacy', `*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rule}\nCOMMIT\n`);
	const rules = (rule: string) => found({ texts: [raw(rule)] }).length;
	assert.equal(rules('-A PREROUTING -p tcp -m multiport --dports 80,8000:9000 -j CT --notrack'), 1);
	assert.equal(rules('-A PREROUTING -p tcp -m tcp --dport 8081 -j NOTRACK'), 0);
	assert.equal(rules('-A PREROUTING -p udp -m udp --dport 8080 -j NOTRACK'), 0);
	assert.equal(rules('-A PREROUTING -p tcp -m tcp ! --dport 8080 -j NOTRACK'), 0);
	assert.equal(rules('-A OUTPUT -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j NOTRACK'), 0);
	assert.equal(rules('-A OUTPUT -d 169.254.169.254/32 -j NOTRACK'), 0);
	assert.equal(rules('-A OUTPUT -m owner --uid-owner 1337 -j NOTRACK'), 0);
	assert.equal(rules('-A OUTPUT -m owner ! --uid-owner 1337 -j NOTRACK'), 1);
	assert.equal(rules('-A OUTPUT -m addrtype --src-type LOCAL -j NOTRACK'), 1);
	assert.equal(rules('-A OUTPUT -m addrtype ! --src-type LOCAL -j NOTRACK'), 0);
	assert.equal(rules('-A PREROUTING -p tcp -j CT --zone 3'), 0);
	const nat = saved(
		'iptables-legacy',
		'*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80\nCOMMIT\n',
	);
	assert.equal(found({ texts: [nat], legacyNat: { ipv4: 2 } }).length, 1);
	assert.equal(found({ texts: [nat], legacyNat: { ipv4: 0 } }).length, 0);
});
