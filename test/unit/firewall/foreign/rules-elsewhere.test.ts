import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../../src/firewall/firewall.ts';
import type { RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { rulesElsewhere } from '../../../../src/firewall/foreign/rules-elsewhere.ts';

const saved = (dialect: 'iptables-nft' | 'iptables-legacy', ...rules: readonly string[]): RuleText => ({
	...{ kind: 'saved', dialect, family: 'ipv4' },
	text: `*nat\n:OUTPUT ACCEPT [0:0]\n${rules.map((rule) => `${rule}\n`).join('')}COMMIT\n`,
});
const table = (text: string): RuleText => ({ kind: 'nft', family: 'inet', table: 'firewalld', text });

const others = '-A OUTPUT -j DOCKER';
const ours = '-A OUTPUT -p tcp -m comment --comment "turnout: connections from this host to others" -j APPMESH_EGRESS';
const rows: readonly (readonly [string, readonly RuleText[], Dialect, Dialect | undefined])[] = [
	['nobody has any', [], 'iptables-nft', undefined],
	['only ours are there', [saved('iptables-legacy', ours)], 'iptables-nft', undefined],
	['they are where ours are', [saved('iptables-legacy', others, ours)], 'iptables-legacy', undefined],
	['they are in both frameworks', [saved('iptables-legacy', others), saved('iptables-nft', others)], 'nft', undefined],
	['iptables-nft and nft are one framework', [saved('iptables-nft', others)], 'nft', undefined],
	['nft and iptables-nft are one framework', [table('{}')], 'iptables-nft', undefined],
	[
		'all are in iptables-legacy',
		[saved('iptables-legacy', others), saved('iptables-nft', ours)],
		'iptables-nft',
		'iptables-legacy',
	],
	['all are in iptables-legacy, and ours in nft', [saved('iptables-legacy', others)], 'nft', 'iptables-legacy'],
	['all are in iptables-nft', [saved('iptables-nft', others)], 'iptables-legacy', 'iptables-nft'],
	['all are in tables of nft', [table('{}')], 'iptables-legacy', 'nft'],
	[
		'all are in iptables-legacy, as a command reads them, with their counters',
		[saved('iptables-legacy', `[7:420] ${others}`), saved('iptables-nft', `[0:0] ${ours}`)],
		'iptables-nft',
		'iptables-legacy',
	],
	['tables that nobody can read tell nothing', [table('')], 'iptables-legacy', undefined],
];

for (const [what, texts, own, expected] of rows)
	test(`where the rules of others are, with ours in ${own}: ${what}`, () => {
		assert.equal(rulesElsewhere({ texts }, own), expected);
	});
