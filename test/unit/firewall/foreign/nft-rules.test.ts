import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFiltered } from '../../../../src/firewall/foreign/filtered.ts';
import type { BaseChain, ForeignRules } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../../../../src/firewall/foreign/overtaking.ts';
import { captureOf } from '../../../support/capture.ts';

const chainOf = (of: Partial<BaseChain>): BaseChain => ({
	...{ family: 'ip', table: 'nat', chain: 'OUTPUT', type: 'nat', hook: 'output', priority: -100 },
	...{ dropsRest: false, rules: 1, seen: 1 },
	...of,
});
const own = [chainOf({ chain: 'PREROUTING', hook: 'prerouting' }), chainOf({})];

/** A table `shop` with one chain of one rule, and named sets. */
function shop(
	of: Partial<BaseChain>,
	rule: readonly object[],
	sets: Readonly<Record<string, unknown[]>>,
): ForeignRules {
	const objects = [
		...Object.entries(sets).map(([name, elem]) => ({ set: { name, elem } })),
		...[{ chain: { name: 'c' } }, { rule: { chain: 'c', expr: rule } }],
	];
	const text = JSON.stringify({ nftables: objects });
	return {
		chains: [...own, chainOf({ table: 'shop', chain: 'c', seen: 2, ...of })],
		legacyNat: {},
		texts: [{ kind: 'nft', family: 'ip', table: 'shop', text }],
	};
}

const dnat = { dnat: { addr: '172.18.0.2', port: 80 } };
const is = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const dport = { payload: { protocol: 'tcp', field: 'dport' } };
const daddr = { payload: { protocol: 'ip', field: 'daddr' } };
const opens = is({ '&': [{ payload: { protocol: 'tcp', field: 'flags' } }, ['fin', 'syn', 'rst', 'ack']] }, 'syn');

/** Which outgoing connection a rule takes before ours see it. */
function taken(match: object, sets: Readonly<Record<string, unknown[]>> = {}): string[] {
	const all = findOvertaking(shop({}, [match, dnat], sets), {
		...{ capture: captureOf({}), families: ['ipv4'], dialect: 'iptables-nft' },
	});
	return all.map(({ kind, port, rule }) => `${kind} ${port}: ${rule}`);
}

test('a rule for a list of ports matters only if one of them is captured, and is told with its list', () => {
	assert.deepEqual(taken(is(dport, { set: [22, 443, { range: [8000, 9000] }] })), [
		'outbound 443: tcp dport { 22,443,8000-9000 } dnat',
	]);
	assert.deepEqual(taken(is(dport, { set: [22] })), []);
});

test('a long list of addresses is told by its beginning', () => {
	const networks = Array.from({ length: 40 }, (_, at) => ({ prefix: { addr: `10.${at}.0.0`, len: 16 } }));
	const [told = ''] = taken(is(daddr, { set: networks }));
	assert.match(told, /^outbound 443: ip daddr \{ 10\.0\.0\.0\/16,10\.1\.0\.0\/16,/);
	assert.ok(told.length < 120);
});

test('a rule for a named list is read with the elements of the list, also those with a comment or a counter', () => {
	const rule = is(dport, '@web');
	assert.deepEqual(taken(rule, { web: [{ elem: { val: 8443, comment: 'shop' } }] }), [
		'outbound 8443: tcp dport @web dnat',
	]);
	assert.deepEqual(taken(rule, { web: [{ elem: { val: 22, counter: { packets: 7, bytes: 420 } } }] }), []);
	assert.deepEqual(taken(rule, { web: [22] }), []);
});

test('a rule for all but some pairs of address and port may take any connection', () => {
	const pair = { concat: [daddr, dport] };
	const ssh = { set: [{ concat: ['10.0.0.1', 22] }] };
	assert.deepEqual(taken(is(pair, ssh)), []);
	assert.equal(taken(is(pair, ssh, '!=')).length, 1);
});

test('a rule about the original destination is read; one about the original source, or replies, may take any connection', () => {
	const original = (key: string) => ({ ct: { key, dir: 'original' } });
	assert.deepEqual(taken(is(original('ip daddr'), '169.254.169.254')), []);
	assert.deepEqual(taken(is(original('proto-dst'), 22)), []);
	assert.equal(taken(is(original('ip saddr'), '169.254.169.254')).length, 1);
	assert.equal(taken(is(original('proto-src'), 22)).length, 1);
	assert.equal(taken(is({ ct: { key: 'ip daddr', dir: 'reply' } }, '169.254.169.254')).length, 1);
	assert.equal(taken(is({ ct: { key: 'proto-dst', dir: 'reply' } }, 22)).length, 1);
});

test('a rule about the origin or the destination of what programs here send is understood', () => {
	const local = (end: 'saddr' | 'daddr') => is({ fib: { result: 'type', flags: [end] } }, 'local');
	assert.deepEqual(taken(local('daddr')), []);
	assert.deepEqual(taken(local('saddr')), ['outbound 443: fib saddr type local dnat']);
	assert.equal(taken(is({ fib: { result: 'type', flags: ['daddr'] } }, 'broadcast')).length, 1);
});

test("a rule that drops packets that open a connection to Envoy's port drops redirected connections", () => {
	const filter = { type: 'filter', hook: 'input', priority: 0 } as const;
	const dropped = (match: object) =>
		findFiltered(shop(filter, [match, is(dport, 15_000), { drop: null }], {}), {
			...{ capture: captureOf({ appPorts: '8080' }), families: ['ipv4'] },
		}).map(({ kind, way, port }) => `${kind} ${way} ${port}`);
	assert.deepEqual(dropped(opens), ['dropped inbound 8080']);
	assert.deepEqual(dropped(is({ meta: { key: 'mark' } }, 7)), [], 'which packets have the mark is not known');
});

test('a rule about packets that open no connection takes none', () => {
	assert.notDeepEqual(taken(opens), []);
	assert.deepEqual(taken({ match: { ...opens.match, op: '!=' } }), []);
});
