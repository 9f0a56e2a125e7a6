// What of our table is not as it should be, and the one transaction that makes it so.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Difference, RulesByFamily } from '../../../../src/firewall/firewall.ts';
import { sumCounters } from '../../../../src/firewall/rule-counters.ts';
import { buildRuleset } from '../../../../src/ruleset/build.ts';
import { byFamily, families } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';
import { createMemoryNftFirewall, type MemoryNftFirewall } from '../../../support/memory-nft.ts';

const signal = AbortSignal.timeout(600_000);
const rulesOf = (texts: Readonly<Record<string, string>>, stage: 'syn' | 'all' = 'all'): RulesByFamily =>
	byFamily((family) => buildRuleset(captureOf(texts), family, stage));
const rules = rulesOf({ appPorts: '8080' });
const none: RulesByFamily = { ipv4: [], ipv6: [] };

/** `kind in table: line`, of each family that has any; comments are left out. */
async function differences(
	firewall: MemoryNftFirewall,
	desired = rules,
): Promise<Readonly<Record<string, readonly string[]>>> {
	const told = ({ kind, table, line }: Difference) => `${kind} in ${table}: ${line.replace(/ comment ".*"$/, '')}`;
	const { ipv4, ipv6 } = (await firewall.read(signal)).diff(desired);
	return { ...(ipv4.length > 0 ? { ipv4: ipv4.map(told) } : {}), ...(ipv6.length > 0 ? { ipv6: ipv6.map(told) } : {}) };
}

/** Somebody's document, what it is told as, and what of the repair names the chains that it touches. */
const drifts: Readonly<Record<string, readonly [string, Readonly<Record<string, readonly string[]>>]>> = {
	'a rule put before ours': [
		'insert rule inet turnout nat_egress_ipv4 tcp dport 443 return',
		{ ipv4: ['surplus in nat: rule inet turnout nat_egress_ipv4 tcp dport 443 return'] },
	],
	'a rule of IPv6 put behind ours': [
		'add rule inet turnout mangle_output meta nfproto ipv6 drop',
		{ ipv6: ['surplus in mangle: rule inet turnout mangle_output meta nfproto ipv6 drop'] },
	],
	'a rule of mangle that is missing': [
		'flush chain inet turnout mangle_ingress_ipv6',
		{
			ipv6: [
				'missing in mangle: rule inet turnout mangle_ingress_ipv6 tcp dport 15000-15001 counter name "mangle_ingress.guard" drop',
			],
		},
	],
	'a rule that nobody can put in our words': [
		'add rule inet turnout nat_output counter accept',
		{
			ipv4: ['surplus in nat: rule inet turnout nat_output {"counter":{"packets":0,"bytes":0}} accept'],
		},
	],
	'a chain of somebody else, with its rules': [
		'table inet turnout {\n\tchain mangle_other_ipv6 {\n\t\ttcp dport 1 drop\n\t}\n}',
		{
			ipv6: [
				'surplus in mangle: chain inet turnout mangle_other_ipv6',
				'surplus in mangle: rule inet turnout mangle_other_ipv6 tcp dport 1 drop',
			],
		},
	],
	'a set of somebody else': [
		'add set inet turnout theirs { type ipv4_addr; }',
		{ ipv4: ['surplus in nat: set theirs'] },
	],
	'a counter of somebody else': [
		'table inet turnout {\n\tcounter mangle_theirs {\n\t}\n}',
		{ ipv4: ['surplus in mangle: counter inet turnout mangle_theirs'] },
	],
};

for (const [what, [document, told]] of Object.entries(drifts))
	test(`it is told and put right, by one commit: ${what}`, async () => {
		const firewall = createMemoryNftFirewall();
		await firewall.apply(rules, signal);
		firewall.program.edit(`${document}\n`);
		assert.deepEqual(await differences(firewall), told);
		const { length } = firewall.program.commits;
		assert.deepEqual((await firewall.apply(rules, signal)).diff(rules), { ipv4: [], ipv6: [] });
		assert.equal(firewall.program.commits.length, length + 1);
	});

test('a table that is disabled is told as that first, and made anew', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rules, signal);
	firewall.program.edit('add table inet turnout { flags dormant; }\n');
	assert.equal((await differences(firewall))['ipv4']?.[0], 'surplus in nat: flags dormant');
	await firewall.apply(rules, signal);
	assert.deepEqual(await differences(firewall), {});
	assert.match(firewall.program.commits[1] ?? '', /^table inet turnout\ndelete table inet turnout\n/);
});

const reversed = (rules: readonly string[]): string =>
	`flush chain inet turnout nat_output\ntable inet turnout {\n\tchain nat_output {\n${rules
		.toReversed()
		.map((rule) => `\t\t${rule}\n`)
		.join('')}\t}\n}\n`;

/** As they were committed. */
function rulesIn(firewall: MemoryNftFirewall, chain: string): string[] {
	const [document = ''] = firewall.program.commits;
	const [, body = ''] = new RegExp(`\\tchain ${chain} \\{\\n(.*?)\\t\\}`, 's').exec(document) ?? [];
	return (body.match(/^\t\t(?!type ).*$/gm) ?? []).map((rule) => rule.trim());
}

test('another order of the same rules is told as that', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rules, signal);
	firewall.program.edit(reversed(rulesIn(firewall, 'nat_output')));
	assert.deepEqual(await differences(firewall), {
		ipv4: ['misplaced in nat: chain inet turnout nat_output (order of its rules)'],
	});
});

test('a base chain at another priority is told, and the table is made anew, as the kernel moves none', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rules, signal);
	const moved = firewall.program.commits[0]?.replaceAll('priority -101', 'priority 50') ?? '';
	firewall.program.edit(`delete table inet turnout\n${moved}`);
	assert.deepEqual(await differences(firewall), {
		ipv4: ['nat_prerouting', 'nat_output'].map((chain) => `misplaced in nat: chain inet turnout ${chain}`),
	});
	await firewall.apply(rules, signal);
	assert.match(
		firewall.program.commits[1] ?? '',
		/^table inet turnout\ndelete table inet turnout\ntable inet turnout \{\n/,
	);
	assert.deepEqual(await differences(firewall), {});
});

test('a base chain at another priority with another order of rules is told as both', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rules, signal);
	const own = rulesIn(firewall, 'nat_output');
	const moved = firewall.program.commits[0]?.replaceAll('priority -101', 'priority 50') ?? '';
	firewall.program.edit(`delete table inet turnout\n${moved}`);
	firewall.program.edit(reversed(own));
	const { ipv4 } = await differences(firewall);
	assert.deepEqual(ipv4?.slice(1), [
		'misplaced in nat: chain inet turnout nat_output',
		'misplaced in nat: chain inet turnout nat_output (order of its rules)',
	]);
});

test('where nothing is there all of it is missing, and where nothing should be all of it is too much', async () => {
	const firewall = createMemoryNftFirewall();
	const missing = await differences(firewall);
	await firewall.apply(rules, signal);
	assert.deepEqual(await differences(firewall), {});
	const surplus = await differences(firewall, none);
	assert.deepEqual(surplus, {
		ipv4: [
			...(missing['ipv4'] ?? []).map((line) => line.replace('missing', 'surplus')),
			'surplus in nat: table inet turnout',
		],
		ipv6: (missing['ipv6'] ?? []).map((line) => line.replace('missing', 'surplus')),
	});
	for (const family of families)
		assert.ok(missing[family]?.includes(`missing in nat: chain inet turnout nat_egress_${family}`), family);
	assert.ok(missing['ipv4']?.includes('missing in nat: counter inet turnout nat_ingress.appPorts'));
	assert.ok(missing['ipv4']?.includes('missing in mangle: counter inet turnout mangle_invalid.appPorts'));
});

test('a transaction names only what changes: other chains stay, and go on counting', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rulesOf({ appPorts: '8080', bridges: 'docker0' }), signal);
	firewall.program.count('nat_ingress.appPorts', 7);
	const wanted = rulesOf({ appPorts: '8080', onlyUids: '1000' });
	await firewall.apply(wanted, signal);
	assert.equal(firewall.program.commits.length, 2);
	const document = firewall.program.commits[1] ?? '';
	assert.doesNotMatch(document, /chain (inet turnout )?(nat_ingress|mangle_ingress|mangle_invalid)_/);
	assert.match(document, /^flush chain inet turnout nat_bridge_ipv4$/m);
	assert.match(document, /^delete chain inet turnout nat_bridge_ipv4$/m);
	assert.match(document, /^delete counter inet turnout nat_bridge\.egressIgnoredIps$/m);
	assert.match(document, /^flush chain inet turnout nat_egress_ipv4$/m);
	assert.match(document, /^\tchain nat_egress_ipv4 \{$/m);
	const installed = await firewall.read(signal);
	assert.deepEqual(installed.diff(wanted), { ipv4: [], ipv6: [] });
	assert.equal(sumCounters(installed.counted(wanted)).ingress.connections, 7);
});

test('a chain that is new is not flushed, and one that goes is not declared', async () => {
	const firewall = createMemoryNftFirewall();
	await firewall.apply(rules, signal);
	await firewall.apply(rulesOf({ appPorts: '8080', bridges: 'docker0' }), signal);
	const [, come = ''] = firewall.program.commits;
	assert.match(come, /^\tchain nat_bridge_ipv6 \{$/m);
	assert.match(come, /^\tcounter nat_bridge\.egressIgnoredIps \{$/m);
	assert.doesNotMatch(come, /flush chain inet turnout nat_bridge|delete/);
	await firewall.apply(rules, signal);
	assert.doesNotMatch(firewall.program.commits[2] ?? '', /\tchain nat_bridge|\tcounter/);
});

test('the rules are in one table of both families, and a rule counts under the setting that decides it', async () => {
	const firewall = createMemoryNftFirewall();
	const installed = await firewall.apply(rules, signal);
	const { program } = firewall;
	assert.equal(program.commits.length, 1);
	assert.equal(
		installed.ruleCount,
		(program.commits[0]?.match(/^\t\t(?!type ).*$/gm) ?? []).length - jumpsFrom(firewall),
	);
	for (const [counter, packets] of [
		['nat_ingress.appPorts', 3],
		['nat_egress.egressPort', 5],
		['nat_egress.egressIgnoredPorts', 11],
		['mangle_invalid.appPorts', 13],
		['mangle_lost.egressPort', 17],
	] as const)
		program.count(counter, packets);
	const { rules: _, ...counted } = sumCounters((await firewall.read(signal)).counted(rules));
	assert.deepEqual(counted, {
		ingress: { connections: 3 },
		egress: { connections: 5, direct: 11 },
		dropped: 30,
	});
	assert.deepEqual(installed.counted(none), []);
});

/** What base chains hold: hooks, which are no rules of the model. */
const jumpsFrom = (firewall: MemoryNftFirewall): number =>
	['mangle_prerouting', 'mangle_output', 'nat_prerouting', 'nat_output'].flatMap((chain) => rulesIn(firewall, chain))
		.length;
