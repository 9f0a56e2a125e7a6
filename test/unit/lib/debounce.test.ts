import assert from 'node:assert/strict';
import { test } from 'node:test';
import { debounce } from '../../../src/lib/debounce.ts';
import { createFakeClock } from '../../support/fake-clock.ts';

function counted() {
	const clock = createFakeClock();
	const actedMs: number[] = [];
	const debounced = debounce(clock, { quietMs: 15, longestMs: 100 }, () => void actedMs.push(clock.nowMs()));
	return { clock, actedMs, ...debounced };
}

test('calls without a pause are one, after the last of them', async () => {
	const { clock, actedMs, call } = counted();
	for (let times = 0; times < 5; times += 1) {
		call();
		await clock.advance(10);
	}
	await clock.advance(100);
	assert.deepEqual(actedMs, [55]);
	call();
	await clock.advance(100);
	assert.equal(actedMs.length, 2);
});

test('calls that do not end are acted on all the same', async () => {
	const { clock, actedMs, call } = counted();
	for (let times = 0; times < 25; times += 1) {
		call();
		await clock.advance(10);
	}
	assert.deepEqual(actedMs, [100, 200]);
});

test('what is cancelled does not happen', async () => {
	const { clock, actedMs, call, cancel } = counted();
	call();
	cancel();
	await clock.advance(100);
	assert.deepEqual(actedMs, []);
});
