import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fact, keepSince } from '../../../src/status/conditions.ts';

const well: Fact = { subject: 'rules', ok: true };
const wrong = (why: string): Fact => ({ subject: 'envoy', ok: false, why, remedy: 'r' });

test('an unchanged condition keeps its time, a changed one gets a new time', () => {
	const first = keepSince([], [well, wrong('away')], 'monday');
	assert.deepEqual(first, [
		{ ...well, since: 'monday' },
		{ ...wrong('away'), since: 'monday' },
	]);
	const second = keepSince(first, [well, wrong('killed')], 'tuesday');
	assert.deepEqual(
		second.map(({ since }) => since),
		['monday', 'tuesday'],
	);
	const third = keepSince(
		second,
		[
			{ subject: 'rules', ok: false, why: 'gone', remedy: 'r' },
			{ subject: 'envoy', ok: true },
		],
		'wednesday',
	);
	assert.deepEqual(
		third.map(({ since, ok }) => [since, ok]),
		[
			['wednesday', false],
			['wednesday', true],
		],
	);
});

test('a new remedy for the same reason keeps the time', () => {
	const before = keepSince([], [wrong('away')], 'monday');
	const [now] = keepSince(before, [{ ...wrong('away'), remedy: 'another' } as Fact], 'tuesday');
	assert.partialDeepStrictEqual(now, { since: 'monday', remedy: 'another' });
});
