import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzRequests } from '../../../property/fuzz-requests.ts';

const runs = 1_000;

test(`of ${runs} times any request, a sound one and one that was changed, the sound ones are taken, and nothing breaks`, async () => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const { counts } = await fuzzRequests(runs, seed);
	assert.ok((counts['taken'] ?? 0) > 0.9 * runs, JSON.stringify(counts));
});
