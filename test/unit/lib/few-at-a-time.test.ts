import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fewAtATime } from '../../../src/lib/few-at-a-time.ts';

test('the results are in the order of the items, and no more than a few are worked on at once', async () => {
	let [now, most] = [0, 0];
	const results = await fewAtATime([3, 1, 2, 0, 4], 2, async (item) => {
		now += 1;
		most = Math.max(most, now);
		for (let turn = 0; turn < item; turn += 1) await setImmediate();
		now -= 1;
		return item * 10;
	});
	assert.deepEqual(results, [30, 10, 20, 0, 40]);
	assert.equal(most, 2);
	assert.deepEqual(await fewAtATime([], 2, async () => 1), []);
});

test('the first error is that of all', async () =>
	await assert.rejects(
		fewAtATime([1, 2], 1, async (item) => {
			throw new Error(`${item}`);
		}),
		/^Error: 1$/,
	));
