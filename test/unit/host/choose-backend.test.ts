import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect, IptablesDialect } from '../../../src/firewall/firewall.ts';
import { chooseBackend } from '../../../src/host/iptables/choose-backend.ts';
import { createMemoryIptables } from '../../support/memory-firewall.ts';

const signal = AbortSignal.timeout(600_000);
const nat = (...lines: readonly string[]): string => `*nat\n${lines.join('\n')}\nCOMMIT\n`;
const others = nat('-A OUTPUT -p udp -j ACCEPT');
const docker = nat(':DOCKER - [0:0]', '-A OUTPUT -j DOCKER');
const ours = nat(':APPMESH_EGRESS - [0:0]', '-A OUTPUT -p tcp -j APPMESH_EGRESS');

function createPrograms(rules: { readonly [D in IptablesDialect]?: string }) {
	const reads: string[] = [];
	const program = (dialect: IptablesDialect) => {
		const memory = createMemoryIptables({ dialect, onRead: () => reads.push(dialect) });
		const document = rules[dialect];
		if (document !== undefined) memory.edit('ipv4', document);
		return memory;
	};
	return { programs: [program('iptables-nft'), program('iptables-legacy')], reads };
}

test('the only dialect that is installed is used, and nothing is read', async () => {
	const { programs, reads } = createPrograms({ 'iptables-nft': ours });
	const { name, why } = await chooseBackend({ programs: programs.slice(1), nft: undefined }, undefined, signal);
	assert.deepEqual([name, why, reads], ['iptables-legacy', 'it is the only one installed', []]);
});

test('the choice of an earlier start stays, whatever rules are there', async () => {
	const { programs, reads } = createPrograms({ 'iptables-nft': ours });
	const former = { name: 'iptables-legacy', why: 'somebody chose it' } as const;
	assert.deepEqual(await chooseBackend({ programs, nft: undefined }, former, signal), former);
	assert.deepEqual(reads, []);
});

test('on a host without legacy tables it is nft-backed iptables, whose rules are not read', async () => {
	const { programs, reads } = createPrograms({ 'iptables-nft': docker });
	assert.equal((await chooseBackend({ programs, nft: undefined }, undefined, signal)).name, 'iptables-nft');
	assert.deepEqual(reads, ['iptables-legacy']);
});

const choices: readonly (readonly [string, Parameters<typeof createPrograms>[0], IptablesDialect])[] = [
	['our rules decide before all else', { 'iptables-nft': docker, 'iptables-legacy': ours }, 'iptables-legacy'],
	["Docker's decide before those of others", { 'iptables-nft': others, 'iptables-legacy': docker }, 'iptables-legacy'],
	['rules of anybody decide', { 'iptables-legacy': others }, 'iptables-legacy'],
	['where both have the same sign it is nft-backed', { 'iptables-nft': ours, 'iptables-legacy': ours }, 'iptables-nft'],
	['tables without rules decide nothing', { 'iptables-legacy': nat(':OUTPUT ACCEPT [0:0]') }, 'iptables-nft'],
];

for (const [title, rules, name] of choices)
	test(title, async () => {
		assert.equal((await chooseBackend({ ...createPrograms(rules), nft: undefined }, undefined, signal)).name, name);
	});

const nftWith = (...tables: readonly string[]) => ({ ownTable: 'inet turnout', tables: async () => tables });

const withNft: readonly (readonly [string, Parameters<typeof createPrograms>[0], readonly string[], Dialect])[] = [
	[
		'our table of nft decides before all else',
		{ 'iptables-nft': docker },
		['ip docker-bridges', 'inet turnout'],
		'nft',
	],
	[
		"the tables of Docker's nftables backend decide before the rules of others",
		{ 'iptables-nft': others },
		['ip docker-bridges'],
		'nft',
	],
	[
		"Docker's rules in iptables decide before tables of others",
		{ 'iptables-nft': docker },
		['inet firewalld'],
		'iptables-nft',
	],
	['tables of anybody decide where iptables has no rules', {}, ['inet firewalld'], 'nft'],
	[
		'where iptables and nft have the same sign it is iptables',
		{ 'iptables-nft': others },
		['inet firewalld'],
		'iptables-nft',
	],
	['without any rules it is nft-backed iptables', {}, [], 'iptables-nft'],
];

for (const [title, rules, tables, name] of withNft)
	test(`beside nft: ${title}`, async () => {
		const chosen = await chooseBackend({ ...createPrograms(rules), nft: nftWith(...tables) }, undefined, signal);
		assert.equal(chosen.name, name, chosen.why);
	});

test('nft is used where nothing else is installed, and before iptables-legacy on a host without rules', async () => {
	const [, legacy] = createPrograms({}).programs;
	const nft = nftWith();
	assert.equal((await chooseBackend({ programs: [], nft }, undefined, signal)).name, 'nft');
	assert.equal((await chooseBackend({ programs: legacy ? [legacy] : [], nft }, undefined, signal)).name, 'nft');
});
