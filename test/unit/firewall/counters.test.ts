import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RulesByFamily } from '../../../src/firewall/firewall.ts';
import { describeInstalled, renderBoth } from '../../../src/firewall/iptables/installed.ts';
import type { ChainRules } from '../../../src/firewall/iptables/iptables-rules.ts';
import { type CountedRule, type RuleCounters, sumCounters } from '../../../src/firewall/rule-counters.ts';
import { buildRuleset } from '../../../src/ruleset/build.ts';
import { byFamily } from '../../../src/values/units.ts';
import { captureOf } from '../../support/capture.ts';

const rulesOf = (texts: Readonly<Record<string, string>>): RulesByFamily =>
	byFamily((family) => buildRuleset(captureOf(texts), family));

type Totals = Omit<RuleCounters, 'rules'>;

function totalsOf(rules: readonly CountedRule[]): Totals {
	const { rules: _, ...totals } = sumCounters(rules);
	return totals;
}

/** As if rules of these chains that match had seen so many packets, in both families. */
function counted(rules: RulesByFamily, packetsOf: (rule: string, chain: ChainRules) => number, of = rules): Totals {
	const rendered = renderBoth(rules);
	const chains = (all: readonly ChainRules[]) =>
		all.map((chain) => ({ ...chain, packets: chain.rules.map((rule) => packetsOf(rule, chain)) }));
	const withPackets = byFamily((family) => ({ ...rendered[family], chains: chains(rendered[family].chains) }));
	return totalsOf(describeInstalled(withPackets).counted(of));
}

const inNat = (name: string, pattern: RegExp, packets: number) => (rule: string, chain: ChainRules) =>
	chain.table === 'nat' && chain.name === name && pattern.test(rule) ? packets : 0;

const nothing: Totals = { ingress: { connections: 0 }, egress: { connections: 0, direct: 0 }, dropped: 0 };
const plain = rulesOf({ appPorts: '8080', egressOnlyIps: '10.0.0.0/8,fd00::/8', bridges: 'docker0' });

test('a captured connection is counted by its direction, of both families together', () => {
	assert.deepEqual(counted(plain, inNat('APPMESH_INGRESS', / -j REDIRECT/, 4)), {
		...nothing,
		ingress: { connections: 8 },
	});
	for (const chain of ['APPMESH_EGRESS', 'APPMESH_BRIDGE'])
		assert.deepEqual(counted(plain, inNat(chain, / -j REDIRECT/, 3)), {
			...nothing,
			egress: { connections: 6, direct: 0 },
		});
});

test('what an exclusion lets past is direct on the way out, and not counted on the way in', () => {
	const ports = / --dports 22 .* -j RETURN/;
	assert.deepEqual(counted(plain, inNat('APPMESH_EGRESS', ports, 3)), {
		...nothing,
		egress: { connections: 0, direct: 6 },
	});
	assert.deepEqual(counted(plain, inNat('APPMESH_INGRESS', ports, 3)), nothing);
});

test("Envoy's own connections are not counted: they were when they were captured", () => {
	assert.deepEqual(counted(plain, inNat('APPMESH_EGRESS', /--uid-owner 1337/, 1_000)), nothing);
});

test('a rule that only leads to the next list is not counted', () => {
	const lists = rulesOf({ egressOnlyIps: '10.0.0.0/8,fd00::/8', egressOnlyPorts: '443' });
	assert.deepEqual(counted(lists, inNat('APPMESH_EGRESS', / -j APPMESH_ONLY_PORT/, 500)), nothing);
	assert.deepEqual(counted(lists, inNat('APPMESH_ONLY_PORT', / -j REDIRECT/, 5)).egress, {
		connections: 10,
		direct: 0,
	});
});

test('only what mangle drops of captured connections counts as dropped: not what dials Envoy, nor what answers for it', () => {
	const inMangle =
		(...names: readonly string[]) =>
		(rule: string, { table, name }: ChainRules) =>
			table === 'mangle' && names.includes(name) && rule.endsWith(' -j DROP') ? 1 : 0;
	assert.equal(counted(plain, inMangle('APPMESH_EGRESS', 'APPMESH_INVALID', 'APPMESH_LOST')).dropped, 6);
	assert.deepEqual(counted(plain, inMangle('APPMESH_INGRESS', 'APPMESH_ANSWER')), nothing);
	const returned = (rule: string, { table }: ChainRules) => (table === 'mangle' && / -j RETURN/.test(rule) ? 1 : 0);
	assert.deepEqual(counted(plain, returned), nothing);
});

test('each of the rules that a long list of ports takes is counted', () => {
	const many = rulesOf({ appPorts: Array.from({ length: 40 }, (_, at) => 2000 + 2 * at).join() });
	assert.equal(counted(many, inNat('APPMESH_INGRESS', / -j REDIRECT/, 1)).ingress.connections, 6);
});

test('a rule that another version of iptables spells otherwise is counted; one that is not among ours is not', () => {
	const { ipv4 } = renderBoth(plain);
	const chains = (spell: (rule: string) => string) =>
		ipv4.chains.map((chain) => ({ ...chain, rules: chain.rules.map(spell), packets: chain.rules.map(() => 1) }));
	const sum = (spell: (rule: string) => string) =>
		totalsOf(
			describeInstalled({ ipv4: { ...ipv4, chains: chains(spell) }, ipv6: { chains: [], hooks: [] } }).counted(plain),
		);
	assert.ok(sum(String).ingress.connections > 0);
	assert.deepEqual(
		sum((rule) => rule.replace('-p tcp ', '-p tcp -m tcp ')),
		sum(String),
	);
	assert.equal(sum((rule) => rule.replace('--to-ports 15000', '--to-ports 16000')).ingress.connections, 0);
});
