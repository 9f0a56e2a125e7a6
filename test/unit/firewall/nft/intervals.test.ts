import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	addressSet,
	type Interval,
	mergedAddresses,
	mergedNumbers,
	numberSet,
	rangeOfCidr,
} from '../../../../src/firewall/nft/intervals.ts';
import { parseCidrs } from '../../../../src/values/cidr.ts';
import type { Family } from '../../../../src/values/units.ts';

const range = (from: number, to = from): Interval<number> => ({ from, to });
const set = (family: Family, text: string): string =>
	addressSet(family, mergedAddresses(parseCidrs(text).map(rangeOfCidr)));

const sets: readonly (readonly [readonly Interval<number>[], string])[] = [
	[[range(5)], '5'],
	[[range(9), range(1), range(7), range(3), range(5)], '{ 1, 3, 5, 7, 9 }'],
	[[range(8, 9), range(1, 3)], '{ 1-3, 8-9 }'],
	// Neighbours, and what lies in another one or over it.
	[[range(2), range(1)], '1-2'],
	[[range(1, 4), range(5, 6), range(8)], '{ 1-6, 8 }'],
	[[range(1, 9), range(3, 4), range(6)], '1-9'],
	[[range(1, 4), range(3, 8)], '1-8'],
	[[range(1, 4), range(1, 4)], '1-4'],
	[[range(1, 4), range(1, 6), range(1)], '1-6'],
];

for (const [ranges, expected] of sets)
	test(`numbers are put together as the kernel keeps them: ${expected}`, () => {
		assert.equal(numberSet(mergedNumbers(ranges)), expected);
		assert.equal(numberSet(mergedNumbers(ranges.toReversed())), expected);
	});

test('addresses are put together as nft lists them: as one, as a network where it is one, else by both ends', () => {
	assert.equal(set('ipv4', '192.0.2.7'), '192.0.2.7');
	assert.equal(set('ipv4', '10.0.0.0/9,10.128.0.0/9'), '10.0.0.0/8');
	assert.equal(set('ipv4', '10.0.0.1,10.0.0.2'), '10.0.0.1-10.0.0.2');
	assert.equal(set('ipv4', '10.0.0.2,10.0.0.3'), '10.0.0.2/31');
	assert.equal(set('ipv4', '10.0.0.0/31,10.0.0.2'), '10.0.0.0-10.0.0.2');
	assert.equal(set('ipv4', '198.51.100.0/24,10.0.0.0/8,203.0.113.9'), '{ 10.0.0.0/8, 198.51.100.0/24, 203.0.113.9 }');
	assert.equal(set('ipv4', '255.255.255.255,255.255.255.254'), '255.255.255.254/31');
	assert.equal(set('ipv6', '2001:db8::/33,2001:db8:8000::/33,::1'), '{ ::1, 2001:db8::/32 }');
	assert.equal(set('ipv6', 'fd00::ff,fd00::100'), 'fd00::ff-fd00::100');
});
