import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IptablesDialect } from '../../../src/firewall/firewall.ts';
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
	assert.equal((await chooseBackend({ programs, nft: undefined }, 'iptables-legacy', signal)).name, 'iptables-legacy');
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
