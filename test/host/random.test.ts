import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from '../../lab/fuzz.ts';
import type { Dialect } from '../../lab/restore.ts';

/** A commit of the nft-backed dialect is mostly waiting for the kernel: two such hosts at once cost little more than one. */
const jobs: readonly { readonly dialect: Dialect; readonly runs: number }[] = [
	{ dialect: 'nft', runs: 75 },
	{ dialect: 'nft', runs: 75 },
	{ dialect: 'legacy', runs: 150 },
];
const total = jobs.reduce((sum, { runs }) => sum + runs, 0);

test(`${total} times any valid settings: they apply, read back equal, and clean to the same host`, async () => {
	const seed = Math.floor(Math.random() * 2 ** 31);
	const words = await Promise.all(jobs.map((job, at) => fuzz({ ...job, seed: seed + at })));
	assert.equal(
		words.reduce((sum, { runs }) => sum + runs, 0),
		total,
	);
	// The rest would have taken a mark or a table of somebody else's, and was rightly refused.
	const refused = words.reduce((sum, word) => sum + word.refused, 0);
	assert.ok(refused < total / 3, `only ${total - refused} settings were applied`);
});
