import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFiltered } from '../../../../src/firewall/foreign/filtered.ts';
import type { BaseChain, ForeignRules, RuleText } from '../../../../src/firewall/foreign/foreign-rules.ts';
import type { Family } from '../../../../src/values/units.ts';
import { captureOf } from '../../../support/capture.ts';

type Dialect = Extract<RuleText, { kind: 'saved' }>['dialect'];

/** A table as iptables-save prints it. */
const tableOf = (name: string, ...rules: readonly string[]): string =>
	[`*${name}`, ':INPUT ACCEPT [0:0]', ':OUTPUT ACCEPT [0:0]', ...rules, 'COMMIT', ''].join('\n');

const saved = (dialect: Dialect, family: Family, ...tables: readonly string[]): RuleText => ({
	...{ kind: 'saved', dialect, family, text: tables.join('') },
});

const input = (of: Partial<BaseChain> = {}): BaseChain => ({
	...{ family: 'ip', table: 'filter', chain: 'INPUT', type: 'filter', hook: 'input', priority: 0 },
	...{ rules: 1, seen: 1, dropsRest: false },
	...of,
});

const found = (others: Partial<ForeignRules>): string[] =>
	findFiltered(
		{ chains: [], legacyNat: {}, texts: [], ...others },
		{ capture: captureOf({ appPorts: '8080' }), families: ['ipv4'] },
	).map(({ kind, way, port, rule }) => `${kind} ${way} ${port}: ${rule}`);

const closed = '-A INPUT -p tcp -m tcp --dport 15000 -j DROP';
const told = [`dropped inbound 8080: ${closed}`];

test("each chain is read with its own table's rules, whatever other tables there are", () => {
	const texts = (...rules: readonly string[]) => [
		saved('iptables-nft', 'ipv4', tableOf('mangle', '-A INPUT -p udp -j DROP'), tableOf('filter', ...rules)),
	];
	const chains = [input({ table: 'mangle', priority: -150 }), input()];
	assert.deepEqual(found({ chains, texts: texts(closed) }), told);
	assert.deepEqual(found({ chains, texts: texts() }), []);
});

test('a chain whose rules could not be read is left out', () => {
	const texts = [saved('iptables-nft', 'ipv4', tableOf('filter', closed))];
	assert.deepEqual(found({ chains: [input({ table: 'shop', dropsRest: true }), input()], texts }), told);
});

test('chains that only translate, and those of IPv6, do not filter IPv4', () => {
	const nat = [saved('iptables-nft', 'ipv4', tableOf('nat', closed))];
	assert.deepEqual(found({ chains: [input({ table: 'nat', type: 'nat', priority: 100 })], texts: nat }), []);
	const ipv6 = [saved('iptables-nft', 'ipv6', tableOf('filter', closed))];
	assert.deepEqual(found({ chains: [input({ family: 'ip6' })], texts: ipv6 }), []);
});

test("iptables-legacy's table filter counts beside nft's of the same name", () => {
	const legacy = saved('iptables-legacy', 'ipv4', tableOf('filter', closed));
	assert.deepEqual(found({ texts: [legacy] }), told);
	const open = saved('iptables-nft', 'ipv4', tableOf('filter', '-A INPUT -p udp -j DROP'));
	assert.deepEqual(found({ chains: [input()], texts: [legacy, open] }), told);
	const dropping = saved('iptables-legacy', 'ipv4', tableOf('filter').replace(':INPUT ACCEPT', ':INPUT DROP'));
	assert.deepEqual(found({ chains: [input()], texts: [dropping, open] }), ["dropped outbound 443: its chain's policy"]);
});

test('a rule in raw that denies the dialled port makes up for one that comes after the redirect, if it is on the same way', () => {
	const denied = '-A INPUT -s 192.0.2.7/32 -p tcp -m tcp --dport 8080 -j DROP';
	const raw = (hook: 'PREROUTING' | 'OUTPUT') =>
		`*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${denied.replace('INPUT', hook)}\nCOMMIT\n`;
	const early = { table: 'raw', priority: -300 };
	const chains = [
		input({ ...early, chain: 'PREROUTING', hook: 'prerouting' }),
		input({ ...early, chain: 'OUTPUT', hook: 'output' }),
		input(),
	];
	const texts = (...tables: readonly string[]) => [saved('iptables-nft', 'ipv4', ...tables, tableOf('filter', denied))];
	const opened = [`opened inbound 8080: ${denied}`];
	assert.deepEqual(found({ chains, texts: texts() }), opened);
	assert.deepEqual(found({ chains, texts: texts(raw('PREROUTING')) }), []);
	assert.deepEqual(found({ chains, texts: texts(raw('OUTPUT')) }), opened, 'nothing that comes in passes OUTPUT');
});
