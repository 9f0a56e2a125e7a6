import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CountedRule } from '../../../src/firewall/rule-counters.ts';
import { createRuleTotals } from '../../../src/status/rule-totals.ts';

const captured = (packets: number, id = 'ipv4 nat APPMESH_EGRESS all else'): CountedRule => ({
	...{ id, packets, table: 'nat', chain: 'APPMESH_EGRESS', role: 'redirect', setting: 'egressPort' },
});
const direct = (packets: number): CountedRule => ({
	...captured(packets, 'ipv4 nat APPMESH_EGRESS ports'),
	...{ role: 'exclusion', setting: 'egressIgnoredPorts' },
});

function totalsAfter(...looks: readonly (readonly [dialect: string, rules: readonly CountedRule[]])[]) {
	const totals = createRuleTotals();
	for (const [dialect, rules] of looks) totals.note(dialect, rules);
	return totals.read().egress;
}

test('what rules have counted is told as it grows, and of both families together', () => {
	assert.deepEqual(totalsAfter(['nft', [captured(3), direct(1)]], ['nft', [captured(5), direct(1)]]), {
		connections: 5,
		direct: 1,
	});
	const both = [captured(3), captured(4, 'ipv6 nat APPMESH_EGRESS all else')];
	assert.equal(totalsAfter(['nft', both]).connections, 7);
});

test('a rule that begins again, is gone, or comes back is counted on', () => {
	assert.equal(totalsAfter(['nft', [captured(5)]], ['nft', [captured(0)]], ['nft', [captured(2)]]).connections, 7);
	assert.equal(totalsAfter(['nft', [captured(5)]], ['nft', []], ['nft', []]).connections, 5);
	assert.equal(totalsAfter(['nft', [captured(5)]], ['nft', []], ['nft', [captured(1)]]).connections, 6);
	assert.equal(totalsAfter(['nft', [captured(5)]], ['nft', [captured(1, 'another text')]]).connections, 6);
});

test('rules of two dialects are counted beside each other, however often each is looked at', () => {
	const looks = [
		['iptables-nft', [captured(5)]],
		['nft', [captured(1, 'nat_egress.egressPort')]],
	] as const;
	assert.equal(totalsAfter(...looks, ...looks).connections, 6);
});

test('each setting that decides is told with its direction and verdict', () => {
	const totals = createRuleTotals();
	const inbound = { chain: 'APPMESH_INGRESS', role: 'guard', setting: 'guard', table: 'mangle' } as const;
	totals.note('nft', [captured(2), direct(3), { ...captured(4), id: 'guard', ...inbound }]);
	assert.deepEqual(totals.read().rules, [
		{ direction: 'egress', verdict: 'captured', setting: 'egressPort', count: 2 },
		{ direction: 'egress', verdict: 'direct', setting: 'egressIgnoredPorts', count: 3 },
		{ direction: 'ingress', verdict: 'dropped', setting: 'guard', count: 4 },
	]);
});
