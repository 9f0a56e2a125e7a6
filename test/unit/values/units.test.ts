import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
	holdsPort,
	type IdRange,
	type PortRange,
	parseEach,
	parseIds,
	parseInterfaces,
	parsePort,
	parsePorts,
} from '../../../src/values/units.ts';

test('splits a list at commas and trims its elements; an empty text is an empty list', () => {
	assert.deepEqual(parseEach(' a ,b,  c d ', String), ['a', 'b', 'c d']);
	for (const empty of ['', ' ', '\t\n']) assert.deepEqual(parseEach(empty, String), []);
	for (const gap of [',', 'a,', ',a', 'a,,b', 'a, ,b'])
		assert.throws(() => parseEach(gap, String), { message: `${JSON.stringify(gap)} has an empty element` });
});

test('reports every invalid element of a list once', () => {
	const message = '"x" is not a port; "0" is not a port; "1,x,0,,x" has an empty element';
	assert.throws(() => parseEach('1,x,0,,x', parsePort), { message });
});

test('a port is a whole decimal number from 1 to 65535', () => {
	for (const port of [1, 22, 8080, 65535]) assert.equal(parsePort(String(port)), port);
	for (const no of ['0', '65536', '70000', '-1', '+1', '1.5', '1e3', '0x50', '80 ', '', 'abc', '٣', '99999999999'])
		assert.throws(() => parsePort(no), { message: `${JSON.stringify(no)} is not a port` });
});

// biome-ignore format: a table
const portTables: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
	['', []],
	['80', [[80, 80]]],
	['80,81', [[80, 81]]],
	['81,80', [[80, 81]]],
	['80,80', [[80, 80]]],
	['9000-9100', [[9000, 9100]]],
	['9000:9100', [[9000, 9100]]],
	[' 9000 - 9100 , 80 ', [[80, 80], [9000, 9100]]],
	['1-65535', [[1, 65535]]],
	['80-90,85-95,97', [[80, 95], [97, 97]]],
	['10-20,12-13', [[10, 20]]],
];

test('merges ports and ranges into the fewest ranges', () => {
	for (const [text, ranges] of portTables)
		assert.deepEqual(
			parsePorts(text),
			ranges.map(([from, to]) => ({ from, to })),
			text,
		);
});

test('any list of ports parses to exactly these ports, sorted and merged', () => {
	fc.assert(
		fc.property(fc.array(fc.oneof(range(1, 65535), range(1, 2000)), { maxLength: 40 }), (written) => {
			const ranges = parsePorts(written.map(spelt).join(','));
			const meant = new Set(written.flatMap(each));
			assert.deepEqual(
				ranges.flatMap(each),
				[...meant].sort((a, b) => a - b),
			);
			for (const [at, { from }] of ranges.slice(1).entries()) assert.ok(from > Number(ranges[at]?.to) + 1);
			assert.deepEqual(parsePorts(ranges.map(spelt).join(',')), ranges);
		}),
		{ numRuns: 100 },
	);
});

const range = (least: number, most: number) =>
	fc.tuple(fc.integer({ min: least, max: most }), fc.nat({ max: 300 })).map(([from, length]): IdRange => {
		return { from, to: Math.min(from + length, most) };
	});
const spelt = ({ from, to }: IdRange): string => (from === to ? `${from}` : `${from}-${to}`);
const each = ({ from, to }: IdRange): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

test('rejects and names a range that is reversed, has three ends or lacks one', () => {
	assert.throws(() => parsePorts('80-70'), { message: '"80-70" is a range from high to low' });
	assert.throws(() => parsePorts('80-90-100'), { message: '"80-90-100" is not a range of ports' });
	for (const half of ['-1', '8080-', '-', '1--2'])
		assert.throws(() => parsePorts(`22,${half}`), new RegExp(`^Error: "${half}" is no`));
});

test('finds a port in the ranges that hold it', () => {
	const ranges: PortRange[] = parsePorts('22,8000-8100');
	for (const port of [22, 8000, 8050, 8100]) assert.ok(holdsPort(ranges, port));
	for (const port of [21, 23, 7999, 8101]) assert.ok(!holdsPort(ranges, port));
});

test('parses ids, ranges and names without duplicates', () => {
	assert.deepEqual(parseIds('1337, 0 , 1000-1999,1000:1999,envoy,_apt,svc.mesh-1,DOMAIN_user$,1337'), [
		{ from: 1337, to: 1337 },
		{ from: 0, to: 0 },
		{ from: 1000, to: 1999 },
		{ name: 'envoy' },
		{ name: '_apt' },
		{ name: 'svc.mesh-1' },
		{ name: 'DOMAIN_user$' },
	]);
	assert.deepEqual(parseIds('4294967294'), [{ from: 4294967294, to: 4294967294 }]);
	assert.deepEqual(parseIds(''), []);
});

test('rejects ids that setuid(2) does not accept and names that no user can have', () => {
	for (const no of [
		'4294967295',
		'99999999999',
		'-1',
		'1-',
		'1.5',
		'0x10',
		'1a',
		'-root',
		'a b',
		'a/b',
		'x'.repeat(33),
	])
		assert.throws(() => parseIds(no), { message: `${JSON.stringify(no)} is not an id, a range or a name` });
	assert.throws(() => parseIds('2000-1000'), { message: '"2000-1000" is a range from high to low' });
});

test('accepts interface names that the kernel accepts, with a wildcard at the end only', () => {
	assert.deepEqual(parseInterfaces('wg0, tun+ ,br-+,eth0.100,veth1@if2,wg0'), [
		'wg0',
		'tun+',
		'br-+',
		'eth0.100',
		'veth1@if2',
	]);
	for (const no of ['+', '-x', 'a+b', 'a b', 'a/b', 'x'.repeat(16), '!wg0', '.', '..'])
		assert.throws(() => parseInterfaces(no), { message: `${JSON.stringify(no)} is not an interface name` });
});
