import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilNone } from '../../../src/lib/until-none.ts';

/** Returns the answers in turn, then repeats the last one. */
function counts(...answers: (number | undefined | Error)[]) {
	let at = 0;
	const count = async (): Promise<number | undefined> => {
		const answer = answers[Math.min(at, answers.length - 1)];
		at += 1;
		if (answer instanceof Error) throw answer;
		return answer;
	};
	return { count, asked: () => at };
}

const soon = () => AbortSignal.timeout(300);

test('returns at once if no connection is open', async () => {
	const { count, asked } = counts(0);
	assert.deepEqual([await untilNone(count, AbortSignal.abort()), asked()], [0, 1]);
});

test('ends with the last connection', async () => {
	const { count, asked } = counts(2, 1, 0);
	assert.deepEqual([await untilNone(count, AbortSignal.timeout(60_000)), asked()], [0, 3]);
});

test('at the deadline it returns how many connections are still open', async () => {
	assert.equal(await untilNone(counts(3).count, soon()), 3);
});

test('an unknown count does not end the wait', async () => {
	const failing = counts(new Error('no more descriptors'), undefined, 1, 0);
	assert.equal(await untilNone(failing.count, AbortSignal.timeout(60_000)), 0);
	assert.equal(failing.asked(), 4);
	assert.equal(await untilNone(counts(undefined).count, soon()), undefined);
});

test('the slower the count, the longer the pause before the next one', async () => {
	const { count, asked } = counts(1);
	const slow = async () => {
		const endMs = performance.now() + 20;
		while (performance.now() < endMs);
		return count();
	};
	await untilNone(slow, AbortSignal.timeout(1_000));
	assert.ok(asked() <= 4, `${asked()} looks in a second, of 20 ms each`);
});
