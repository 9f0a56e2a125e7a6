import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asIfOurs } from '../../../../src/firewall/foreign/as-if-ours.ts';
import type { BaseChain } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { findOvertaking } from '../../../../src/firewall/foreign/overtaking.ts';
import { ownNat } from '../../../../src/firewall/own-chains.ts';
import { captureOf } from '../../../support/capture.ts';

const chain: BaseChain = {
	...{ family: 'ip', table: 'other', chain: 'c', type: 'nat', hook: 'output', priority: -110 },
	...{ dropsRest: false, rules: 1, seen: 0 },
};
const redirect = {
	nftables: [
		{ chain: { family: 'ip', table: 'other', name: 'c', handle: 1, type: 'nat', hook: 'output', prio: -110 } },
		{
			rule: {
				...{ family: 'ip', table: 'other', chain: 'c', handle: 2 },
				expr: [{ match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'tcp' } }, { redirect: { port: 3128 } }],
			},
		},
	],
};

for (const dialect of ['iptables-nft', 'iptables-legacy', 'nft'] as const) {
	const overtakingAt = (priority: number) => {
		const text = JSON.stringify(redirect).replace('-110', String(priority));
		const others = {
			...{ chains: [{ ...chain, priority }], legacyNat: {} },
			texts: [{ kind: 'nft', family: 'ip', table: 'other', text }] as const,
		};
		const context = { capture: captureOf({ appPorts: '8080' }), families: ['ipv4'] as const, dialect };
		assert.deepEqual(findOvertaking(others, context), [], 'ours are not there');
		return findOvertaking(asIfOurs(others, dialect), context).map(({ kind, isFirst }) => ({ kind, isFirst }));
	};

	test(`${dialect}: before our rules are there it is told whose will come before them, and whose will not`, () => {
		assert.deepEqual(overtakingAt(-110), [{ kind: 'outbound', isFirst: true }]);
		assert.deepEqual(overtakingAt(-90), []);
		// Of chains of one priority the newest comes first.
		assert.deepEqual(overtakingAt(ownNat[dialect].priority), []);
	});
}
