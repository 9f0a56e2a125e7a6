import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delayMs } from '../../../src/lib/delay.ts';

const delays: readonly (readonly [given: number, kept: number])[] = [
	[0, 0],
	[2.5, 2.5],
	[86_403_000, 86_403_000],
	[-3.08, 0],
	[Number.NEGATIVE_INFINITY, 0],
	[Number.NaN, 0],
	[2 ** 31 - 1, 2 ** 31 - 1],
	[2 ** 31, 2 ** 31 - 1],
	[Number.POSITIVE_INFINITY, 2 ** 31 - 1],
];

for (const [given, kept] of delays)
	test(`a timer for ${given} ms is set for ${kept} ms`, () => assert.equal(delayMs(given), kept));
