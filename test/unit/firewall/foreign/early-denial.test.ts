import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFiltered } from '../../../../src/firewall/foreign/filtered.ts';
import type { BaseChain } from '../../../../src/firewall/foreign/foreign-rules.ts';
import { captureOf } from '../../../support/capture.ts';

test('a port that raw denies to everybody before the redirect is not told as opened', () => {
	const text =
		'*raw\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -m tcp --dport 8080 -j DROP\nCOMMIT\n' +
		'*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 8080 -j DROP\nCOMMIT\n';
	const base = { family: 'ip', type: 'filter', rules: 1, seen: 1, dropsRest: false } as const;
	const chains: BaseChain[] = [
		{ ...base, table: 'raw', chain: 'PREROUTING', hook: 'prerouting', priority: -300 },
		{ ...base, table: 'filter', chain: 'INPUT', hook: 'input', priority: 0 },
	];
	const others = {
		chains,
		legacyNat: {},
		texts: [{ kind: 'saved', dialect: 'iptables-nft', family: 'ipv4', text }],
	} as const;
	// With `-s 192.0.2.7/32` in both rules it is [] already.
	assert.deepEqual(findFiltered(others, { capture: captureOf({ appPorts: '8080' }), families: ['ipv4'] }), []);
});
