import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRingBuffer } from '../../../src/lib/ring-buffer.ts';

test('returns the newest items, oldest first, at most as many as requested', () => {
	const kept = createRingBuffer<number>(3);
	for (let item = 1; item <= 10_000; item += 1) kept.add(item);
	assert.deepEqual(kept.last(), [9_998, 9_999, 10_000]);
	assert.deepEqual(kept.last(2), [9_999, 10_000]);
	assert.deepEqual(kept.last(0), []);
	assert.deepEqual(kept.last(9), [9_998, 9_999, 10_000]);
});

test('a subscriber gets each new item once and in order until it unsubscribes', () => {
	const kept = createRingBuffer<string>(2);
	const received: string[] = [];
	kept.add('before');
	const leave = kept.listen((item) => received.push(`a ${item}`));
	const stay = kept.listen((item) => received.push(`b ${item}`));
	kept.add('one');
	leave();
	leave();
	kept.add('two');
	stay();
	kept.add('three');
	assert.deepEqual(received, ['a one', 'b one', 'b two']);
});

test('`sinceMs` filters by age before `count` limits the number', () => {
	const clock = { ms: 0 };
	const kept = createRingBuffer<string>(3, () => clock.ms);
	for (const [ms, item] of [
		[10, 'pushed out'],
		[20, 'a'],
		[30, 'b'],
		[40, 'c'],
	] as const) {
		clock.ms = ms;
		kept.add(item);
	}
	assert.deepEqual(kept.last(undefined, 0), ['a', 'b', 'c']);
	assert.deepEqual(kept.last(undefined, 30), ['b', 'c']);
	assert.deepEqual(kept.last(1, 30), ['c']);
	assert.deepEqual(kept.last(0, 30), []);
	assert.deepEqual(kept.last(undefined, 41), []);
});
