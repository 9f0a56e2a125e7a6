import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../../../../src/firewall/iptables/save-line.ts';

test('what iptables-save prints beside tables, chains and rules is none of these', () => {
	for (const text of ['# Completed on Mon Nov 23 08:00:00 2026', 'COMMIT', '', '[0:0] -N SHOP'])
		assert.deepEqual(parseLine(text), { kind: 'other' }, text);
});

test('a rule without any match or target is a rule all the same, and one without counters has seen no packets', () => {
	assert.deepEqual(parseLine('[7:420] -A INPUT'), { kind: 'rule', chain: 'INPUT', rule: '', packets: 7 });
	assert.deepEqual(parseLine('-A INPUT -j DROP'), { kind: 'rule', chain: 'INPUT', rule: '-j DROP', packets: 0 });
});
