import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NftTable, noTable } from '../../../../src/firewall/nft/nft-table.ts';
import { renderTable } from '../../../../src/firewall/nft/render-table.ts';
import { tracedTable } from '../../../../src/firewall/nft/trace-table.ts';
import { createTracer, type Decision } from '../../../../src/ruleset/trace.ts';
import { byFamily } from '../../../../src/values/units.ts';
import { captures } from '../../../property/any-capture.ts';
import { checkAgreement } from '../../../property/any-connection.ts';

for (const [title, capture] of Object.entries(captures))
	test(`what is installed in nft decides as the settings do, by the same rule: ${title}`, () => {
		checkAgreement(capture, (rules) => {
			const table = renderTable(rules);
			// nft lists them in the order in which they were made.
			const listed = { ...table, chains: table.chains.toReversed() };
			return byFamily((family) => tracedTable(listed, family));
		});
	});

const outwards = {
	from: '10.0.0.2',
	to: '203.0.113.10',
	port: 443,
	interface: 'eth0',
	isFromHere: true,
	isToHere: false,
};
const redirected =
	'meta l4proto tcp counter name "nat_egress.egressPort" redirect to :15001 comment "turnout: all else"';

function tableWith(rules: readonly string[], others: readonly string[] = []): NftTable {
	const jump = 'meta nfproto ipv4 tcp flags & (fin | syn | rst | ack) == syn jump nat_egress_ipv4';
	const base = 'type nat hook output priority -101; policy accept;';
	const chains = [
		{ name: 'nat_output', base, rules: [jump] },
		{ name: 'nat_egress_ipv4', rules: [...rules, redirected] },
	];
	return { ...noTable, exists: true, chains, others };
}

const decide = (...rules: readonly string[]): Decision =>
	createTracer(tracedTable(tableWith(rules), 'ipv4'), 'ipv4')('OUTPUT', { ...outwards, uid: 1000, gid: 1000 });

test('a rule that somebody else has put into our table decides, and is told by its own text', () => {
	const { outcome, rule, chains } = decide('ip daddr 203.0.113.8-203.0.113.20 return');
	assert.deepEqual([outcome, rule?.because], ['direct', 'ip daddr 203.0.113.8-203.0.113.20 return']);
	assert.deepEqual(chains, ['nat egress_ipv4']);
	assert.equal(decide('ip daddr 203.0.113.11-203.0.113.20 return').outcome, 15001);
	assert.equal(decide('tcp dport { 80, 440-449 } drop').outcome, 'dropped');
	assert.equal(decide('meta skuid 0-999 return').outcome, 15001);
	assert.equal(decide('counter name "x"').outcome, 15001);
	assert.equal(decide('ct state established drop').outcome, 15001);
});

test('what a rule does that is not understood is unknown, unless it does not concern the connection', () => {
	const { outcome, rule } = decide('tcp dport != 80 return');
	assert.deepEqual([outcome, rule?.unread], ['unknown', 'tcp dport != 80 return']);
	assert.equal(decide('{"limit":{"rate":5}} drop').outcome, 'unknown');
	assert.equal(decide('tcp dport 80 {"limit":{"rate":5}} drop').outcome, 15001);
	for (const words of ['socket transparent 1', 'meta iifkind "bridge"', 'ct mark 1', 'tcp sport 1024-65535', 'accept'])
		assert.equal(decide(`${words} return`).outcome, 'unknown', words);
	assert.equal(decide('ct mark 1 ct direction reply return').outcome, 15001);
	assert.equal(decide('meta mark set 1').outcome, 15001);
});

test('a table that is dormant takes nothing', () => {
	const traced = tracedTable(tableWith([], ['flags dormant']), 'ipv4');
	assert.equal(createTracer(traced, 'ipv4')('OUTPUT', outwards).outcome, 'direct');
});
