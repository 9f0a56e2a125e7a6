import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callAgain } from '../../../src/lib/call-again.ts';

const never = new Promise<string>(() => undefined);

test('what answers is called once', async () => {
	assert.deepEqual(await callAgain(async () => 'a', [1, 1]), { value: 'a', calls: 1 });
	await assert.rejects(
		callAgain(() => Promise.reject(new Error('refused')), [1, 1]),
		/refused/,
	);
});

test('what is silent is called again, and the first answer counts, whichever call it is of', async () => {
	const first = Promise.withResolvers<string>();
	let calls = 0;
	const called = callAgain(() => {
		calls += 1;
		if (calls === 3) first.resolve('late');
		return calls === 1 ? first.promise : never;
	}, [1, 1, 60_000]);
	assert.deepEqual(await called, { value: 'late', calls: 3 });
});

test('it is called no more than was said', async () => {
	let calls = 0;
	void callAgain(() => {
		calls += 1;
		return never;
	}, [1, 1]);
	while (calls < 3) await new Promise(setImmediate);
	for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
	assert.equal(calls, 3);
});
