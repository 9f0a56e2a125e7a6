import assert from 'node:assert/strict';
import { test } from 'node:test';
import { msToBeat } from '../../../src/lib/clock.ts';

const atMs = (ms: number) => msToBeat({ nowMs: () => ms }, 2_000);

test('those who begin at different times wake up at the same', () => {
	assert.deepEqual([0, 300.5, 1_200].map(atMs), [2_000, 1_700, 800]);
});

test('a timer that ends a little early is no reason to wake up twice', () => {
	assert.equal(atMs(1_999.2), 2_001);
	assert.equal(atMs(2_000.4), 2_000);
});
