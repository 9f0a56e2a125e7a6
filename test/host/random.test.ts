import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from '../../lab/fuzz.ts';
import type { Dialect } from '../../lab/restore.ts';

const dialects: readonly Dialect[] = ['nft', 'legacy'];
const runs = 150;
const seed = 7;

test('any settings apply, read back equal and leave the same host, on both dialects', async (context) => {
	const words = await Promise.all(dialects.map((dialect) => fuzz({ dialect, runs, seed })));
	console.log(words);
});
