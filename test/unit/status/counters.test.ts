import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCounters } from '../../../src/status/counters.ts';

test('every counter starts at 0 and grows by one', () => {
	const counters = createCounters();
	const zero = counters.read();
	assert.deepEqual(
		Object.values(zero).flatMap((counts) => Object.values(counts).filter((count) => count !== 0)),
		[],
	);
	counters.add('pulls', 'failed');
	counters.add('pulls', 'failed');
	counters.add('ruleChanges', 'lift');
	assert.deepEqual(counters.read(), {
		...zero,
		pulls: { ...zero.pulls, failed: 2 },
		ruleChanges: { ...zero.ruleChanges, lift: 1 },
	});
});

test('counter values are a snapshot, and two instances count separately', () => {
	const [one, other] = [createCounters(), createCounters()];
	const before = one.read();
	one.add('repairs', 'rules');
	assert.equal(before.repairs.rules, 0);
	assert.equal(other.read().repairs.rules, 0);
});
