import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fact, keepSince } from '../../../src/status/conditions.ts';

const well: Fact = { subject: 'rules', ok: true };
const wrong = (why: string): Fact => ({ subject: 'envoy', ok: false, why, remedy: 'r' });

test('what stays as it was keeps its time, what changes has a new one', () => {
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

test('another remedy for the same reason is no new condition', () => {
	const before = keepSince([], [wrong('away')], 'monday');
	const [now] = keepSince(before, [{ ...wrong('away'), remedy: 'another' } as Fact], 'tuesday');
	assert.partialDeepStrictEqual(now, { since: 'monday', remedy: 'another' });
});
