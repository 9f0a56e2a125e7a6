import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, planJobs } from '../../lab/fuzz.ts';
import { rounds } from '../support/rounds.ts';

const runs = rounds(300);

test(`${runs} times any valid settings: they apply, read back equal, and clean to the same host`, async () => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const words = await Promise.all(planJobs(runs, seed).map((job) => fuzz(job)));
	const sum = (count: 'runs' | 'refused') => words.reduce((total, word) => total + word[count], 0);
	assert.equal(sum('runs'), runs);
	// They would have taken a mark or a table of somebody else's.
	assert.ok(sum('refused') < runs / 4, `only ${runs - sum('refused')} settings were applied`);
});
