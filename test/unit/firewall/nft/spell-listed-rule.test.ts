// What nft lists, in its own words again: those of this version and of others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json } from '../../../../src/firewall/foreign/nft-json.ts';
import { isObject } from '../../../../src/firewall/foreign/nft-json.ts';
import { parseListing } from '../../../../src/firewall/nft/parse-listing.ts';
import { isSpelt, spellRule } from '../../../../src/firewall/nft/spell-listed-rule.ts';

const spelt = (...expr: readonly Json[]): string => spellRule({ expr });
const match = (left: Json, right: Json, op = '=='): Json => ({ match: { op, left, right } });
const payload = (protocol: string, field: string): Json => ({ payload: { protocol, field } });
const flags = (mask: Json): Json => ({ '&': [payload('tcp', 'flags'), mask] });
const meta = (key: string): Json => ({ meta: { key } });

/** In nft's words, and each JSON that a version of nft has for it (binop_expr_json and its like, src/json.c). */
const words: readonly (readonly [words: string, ...listed: Json[]])[] = [
	['tcp dport 22', match(payload('tcp', 'dport'), 22), match(payload('tcp', 'dport'), { set: [22] })],
	['tcp dport 80-90', match(payload('tcp', 'dport'), { range: [80, 90] })],
	['tcp dport { 80, 443 }', match(payload('tcp', 'dport'), { set: [80, 443] })],
	[
		'tcp sport { 22, 8000-9000 }',
		match(payload('tcp', 'sport'), { set: [{ range: [8000, 9000] }, 22] }),
		match(payload('tcp', 'sport'), { set: [22, { range: [8000, 9000] }] }),
	],
	['tcp dport != 22', match(payload('tcp', 'dport'), 22, '!=')],
	['meta skuid 1337', match(meta('skuid'), 1337)],
	['meta skgid { 5, 7-9 }', match(meta('skgid'), { set: [5, { range: [7, 9] }] })],
	['meta skuid >= 0', match(meta('skuid'), 0, '>=')],
	['ip saddr 192.0.2.7', match(payload('ip', 'saddr'), '192.0.2.7')],
	['ip daddr 10.0.0.0/8', match(payload('ip', 'daddr'), { prefix: { addr: '10.0.0.0', len: 8 } })],
	[
		'ip daddr { 10.0.0.1-10.0.0.2, 192.0.2.0/24 }',
		match(payload('ip', 'daddr'), {
			set: [{ range: ['10.0.0.1', '10.0.0.2'] }, { prefix: { addr: '192.0.2.0', len: 24 } }],
		}),
	],
	['ip6 daddr 2001:db8::/32', match(payload('ip6', 'daddr'), { prefix: { addr: '2001:db8::', len: 32 } })],
	['iifname "br-*"', match(meta('iifname'), 'br-*')],
	['oifname "wg0"', match(meta('oifname'), 'wg0')],
	['meta nfproto ipv6', match(meta('nfproto'), 'ipv6')],
	// Where there is no /etc/protocols.
	['meta l4proto tcp', match(meta('l4proto'), 'tcp'), match(meta('l4proto'), 6)],
	[
		'fib daddr type local',
		match({ fib: { result: 'type', flags: ['daddr'] } }, 'local'),
		match({ fib: { result: 'type', flags: 'daddr' } }, 'local'),
	],
	['fib saddr type != local', match({ fib: { result: 'type', flags: ['saddr'] } }, 'local', '!=')],
	['fib saddr . iif oif missing', match({ fib: { result: 'oif', flags: ['saddr', 'iif'] } }, 'missing')],
	[
		'ct state invalid',
		match({ ct: { key: 'state' } }, 'invalid', 'in'),
		match({ ct: { key: 'state' } }, ['invalid'], 'in'),
	],
	['ct state invalid,new', match({ ct: { key: 'state' } }, ['invalid', 'new'], 'in')],
	[
		'tcp flags & (fin | syn | rst | ack) == syn',
		match(flags(['fin', 'syn', 'rst', 'ack']), 'syn'),
		match(flags({ '|': ['fin', 'syn', 'rst', 'ack'] }), 'syn'),
		match(flags({ '|': [{ '|': [{ '|': ['fin', 'syn'] }, 'rst'] }, 'ack'] }), 'syn'),
	],
	[
		'tcp flags & (syn | ack) != (syn | ack)',
		match(flags(['syn', 'ack']), ['syn', 'ack'], '!='),
		match(flags({ '|': ['syn', 'ack'] }), { '|': ['syn', 'ack'] }, '!='),
	],
	['counter name "nat_egress.ignoreUids"', { counter: 'nat_egress.ignoreUids' }],
	['jump nat_egress_ipv4', { jump: { target: 'nat_egress_ipv4' } }],
	['redirect to :15001', { redirect: { port: 15_001 } }],
	['return', { return: null }],
	['drop', { drop: null }],
];

for (const [said, ...listed] of words)
	test(`a listed rule is read as "${said}"`, () => {
		for (const each of listed) assert.equal(spelt(each), said);
	});

test('statements stand one after the other, with the comment behind them', () => {
	const expr = [match(payload('tcp', 'dport'), 22), { return: null }];
	assert.equal(spellRule({ expr, comment: 'turnout: why' }), 'tcp dport 22 return comment "turnout: why"');
	assert.equal(spellRule({ comment: 'nothing' }), 'comment "nothing"');
	assert.equal(spellRule({}), '');
});

const strange: Readonly<Record<string, Json>> = {
	'a verdict that ours never have': { queue: null },
	'a counter without a name': { counter: { packets: 1, bytes: 60 } },
	'a set by its name': match(payload('ip', 'daddr'), '@blocked'),
	'a set of names': match(meta('skuid'), { set: ['root'] }),
	'a part of a range': match(payload('tcp', 'dport'), { range: [1, 'high'] }),
	'an address that is not one alone': match(payload('ip', 'daddr'), { set: ['10.0.0.1', { range: ['10.0.0.3', 7] }] }),
	'other bits than those of flags': match({ '&': [meta('mark'), 1] }, 1),
	'other fields': match({ osf: { key: 'name' } }, 'Linux'),
	'a match without sides': { match: 'nothing' },
	'a jump to nowhere': { jump: 'nowhere' },
	'a redirect to nowhere': { redirect: null },
	'a payload that is raw': match({ payload: 'raw' }, 1),
	'a meta that is none': match({ meta: 'x' }, 1),
	'a conntrack that is none': match({ ct: 'x' }, 1),
	'a route that is none': match({ fib: 'x' }, 1),
	'no object at all': 'notrack',
};

for (const [what, statement] of Object.entries(strange))
	test(`what ours never have is kept as it was listed, and is like no rule of ours: ${what}`, () => {
		assert.equal(spelt(statement), JSON.stringify(statement));
		if (isObject(statement)) assert.equal(isSpelt(spelt(statement)), false);
	});

test('a rule in our words is told from one that is not', () =>
	assert.equal(isSpelt('tcp dport { 80, 443 } drop'), true));

test('an address of IPv6 is read in whichever way it is written', () =>
	assert.equal(spelt(match(payload('ip6', 'saddr'), '2001:DB8:0:0::1')), 'ip6 saddr 2001:db8::1'));

const list = (...nftables: readonly Json[]): string => JSON.stringify({ nftables });

test('a listing tells of chains, counters, and whatever else is in the table', () => {
	const { chains, counters, others, exists } = parseListing(
		list(
			{ metainfo: { version: '1.1.3' } },
			{ table: { name: 'turnout', flags: ['dormant', 'persist'] } },
			{ counter: { name: 'a', packets: 7, bytes: 420 } },
			{ set: { name: 'theirs', handle: 3 } },
			{ flowtable: { handle: 4 } },
			{ chain: { name: 'nat_output', type: 'nat', hook: 'output', prio: -101, policy: 'accept' } },
			{ chain: { name: 'nat_egress_ipv4', handle: 5 } },
			{ rule: { chain: 'nat_egress_ipv4', expr: [{ drop: null }] } },
		),
	);
	assert.equal(exists, true);
	assert.deepEqual([...counters], [['a', 7]]);
	assert.deepEqual(others, ['set theirs', 'flowtable 4', 'flags dormant,persist']);
	assert.deepEqual(chains, [
		{ name: 'nat_output', base: 'type nat hook output priority -101; policy accept;', rules: [] },
		{ name: 'nat_egress_ipv4', rules: ['drop'] },
	]);
	assert.deepEqual(parseListing(list({ table: { flags: 'dormant' } })).others, ['flags dormant']);
	assert.equal(parseListing('').exists, false);
	assert.equal(parseListing(list({ metainfo: {} })).exists, false);
});
