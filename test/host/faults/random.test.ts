import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz, planJobs } from '../../property/fuzz.ts';
import { rounds } from '../../support/rounds.ts';

const runs = rounds(300);

test(`${runs} times any valid settings: they apply, read back equal, explain agrees with what is installed, and they clean to the same host`, async () => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const words = await Promise.all(planJobs(runs, seed).map((job) => fuzz(job)));
	const sum = (count: 'runs' | 'madeRoom') => words.reduce((total, word) => total + word[count], 0);
	assert.equal(sum('runs'), runs);
	// What makes room has no rule and route to read back.
	assert.ok(sum('madeRoom') < runs / 4, `only ${runs - sum('madeRoom')} settings had room for rule and route`);
});
