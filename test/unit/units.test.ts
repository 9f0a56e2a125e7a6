import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
	holdsPort,
	type IdRange,
	maskedCidrs,
	type PortRange,
	parseCidr,
	parseCidrs,
	parseIds,
	parseInterfaces,
	parseList,
	parsePort,
	parsePorts,
	quoted,
	showCidr,
} from '../../src/units.ts';
import { isPrintable } from '../support/printable.ts';

test('a list is cut at its commas and trimmed, and an empty text is an empty list', () => {
	assert.deepEqual(parseList(' a ,b,  c d '), ['a', 'b', 'c d']);
	for (const empty of ['', ' ', '\t\n']) assert.deepEqual(parseList(empty), []);
	for (const gap of [',', 'a,', ',a', 'a,,b', 'a, ,b'])
		assert.throws(() => parseList(gap), { message: `${JSON.stringify(gap)} has an empty element` });
});

test('a port is a whole decimal number from 1 to 65535', () => {
	for (const port of [1, 22, 8080, 65535]) assert.equal(parsePort(String(port)), port);
	for (const no of ['0', '65536', '70000', '-1', '+1', '1.5', '1e3', '0x50', '80 ', '', 'abc', '٣', '99999999999'])
		assert.throws(() => parsePort(no), { message: `${JSON.stringify(no)} is no port` });
});

const portTables: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
	['', []],
	['80', [[80, 80]]],
	['80,81', [[80, 81]]],
	['81,80', [[80, 81]]],
	['80,80', [[80, 80]]],
	['9000-9100', [[9000, 9100]]],
	['9000:9100', [[9000, 9100]]],
	[' 9000 - 9100 , 80 ', [[80, 80], [9000, 9100]]], // biome-ignore format: a table
	['1-65535', [[1, 65535]]],
	['80-90,85-95,97', [[80, 95], [97, 97]]], // biome-ignore format: a table
	['10-20,12-13', [[10, 20]]],
];

test('ports and ranges become the fewest ranges that say the same', () => {
	for (const [text, ranges] of portTables)
		assert.deepEqual(
			parsePorts(text),
			ranges.map(([from, to]) => ({ from, to })),
			text,
		);
});

test('whatever ports are written, in whatever order: exactly they are meant, sorted and never two ranges for one', () => {
	fc.assert(
		fc.property(fc.array(range(1, 65535), { maxLength: 40 }), (written) => {
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

test('a range from high to low, of three ends or with an end missing is refused and named', () => {
	assert.throws(() => parsePorts('80-70'), { message: '"80-70" is a range from high to low' });
	assert.throws(() => parsePorts('80-90-100'), { message: '"80-90-100" is no range of ports' });
	for (const half of ['-1', '8080-', '-', '1--2'])
		assert.throws(() => parsePorts(`22,${half}`), new RegExp(`^Error: "${half}" is no`));
});

test('a port is found in the ranges that hold it', () => {
	const ranges: PortRange[] = parsePorts('22,8000-8100');
	for (const port of [22, 8000, 8050, 8100]) assert.ok(holdsPort(ranges, port));
	for (const port of [21, 23, 7999, 8101]) assert.ok(!holdsPort(ranges, port));
});

test('addresses and networks of both families are read', () => {
	assert.deepEqual(parseCidr('10.1.2.3'), { family: 'ipv4', address: '10.1.2.3', bits: 32 });
	assert.deepEqual(parseCidr('10.0.0.0/8'), { family: 'ipv4', address: '10.0.0.0', bits: 8 });
	assert.deepEqual(parseCidr('0.0.0.0/0'), { family: 'ipv4', address: '0.0.0.0', bits: 0 });
	assert.deepEqual(parseCidr('FD00:EC2:0::254'), { family: 'ipv6', address: 'fd00:ec2::254', bits: 128 });
	assert.deepEqual(parseCidr('fd00::/64'), { family: 'ipv6', address: 'fd00::', bits: 64 });
	assert.deepEqual(parseCidr('::/0'), { family: 'ipv6', address: '::', bits: 0 });
});

const notCidrs: readonly (readonly [string, RegExp])[] = [
	['fe80::1%eth0', /^"fe80::1%eth0" is no address or network; a zone cannot be matched/],
	['example.com', /^"example.com" is no address or network; names are not looked up/],
	['localhost', /names are not looked up/],
	['1.2.3', /^"1.2.3" is no address or network$/],
	['010.0.0.1', /is no address or network$/],
	['1.2.3.4.5', /is no address or network$/],
	['256.0.0.1', /is no address or network$/],
	['10.0.0.0/33', /^"10.0.0.0\/33" has a prefix longer than 32 bits$/],
	['fd00::/129', /has a prefix longer than 128 bits$/],
	['10.0.0.0/', /is no address or network$/],
	['10.0.0.0/-1', /is no address or network$/],
	['10.0.0.0/8/8', /is no address or network$/],
	['10.0.0.0/255.0.0.0', /is no address or network$/],
	['::ffff:1.2.3.4', /is an IPv4 address in IPv6 form; write the IPv4 address$/],
	['fd00:::1', /is no address or network$/],
	['!10.0.0.1', /is no address or network$/],
	['', /^"" is no address or network$/],
];

test('what is no address is refused, with a word on what it may have been meant to be', () => {
	for (const [text, message] of notCidrs) assert.throws(() => parseCidr(text), { message });
});

test('bits beyond the prefix of an IPv4 network are masked', () => {
	fc.assert(
		fc.property(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 32 }), (address, bits) => {
			const masked = bits === 0 ? 0 : (address & (-1 << (32 - bits))) >>> 0;
			assert.equal(showCidr(parseCidr(`${dotted(address)}/${bits}`)), `${dotted(masked)}/${bits}`);
		}),
	);
});

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** Half of the groups are zero, so that there is something to shorten. */
const address6 = fc
	.array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
	.map((groups) => groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n))
	.filter((address) => address >> 32n !== 0xffffn);

test('bits beyond the prefix of an IPv6 network are masked, and its address is spelt as the kernel spells it', () => {
	fc.assert(
		fc.property(address6, fc.nat({ max: 128 }), (address, bits) => {
			const masked = (address >> BigInt(128 - bits)) << BigInt(128 - bits);
			assert.equal(showCidr(parseCidr(`${grouped(address)}/${bits}`)), `${shortest(masked)}/${bits}`);
		}),
		{ examples: [[1n << 80n, 128], [0x0102_0304n, 128], [1n, 128], [0n, 0], [0x1_0000n, 128]] }, // biome-ignore format: a table
	);
});

const grouped = (value: bigint): string =>
	[7n, 6n, 5n, 4n, 3n, 2n, 1n, 0n].map((at) => ((value >> (at * 16n)) & 0xffffn).toString(16)).join(':');
/** Node keeps an address as the kernel does and prints it with inet_ntop's words. */
const shortest = (value: bigint): string => new SocketAddress({ address: grouped(value), family: 'ipv6' }).address;

test('what was written is told where it was masked, and only there', () => {
	assert.deepEqual(maskedCidrs('10.1.2.3/8, 10.0.0.0/8, 10.1.2.3, 10.1.2.3/32, FD00:0::/64'), [
		'10.1.2.3/8 has bits beyond its prefix and is taken as 10.0.0.0/8',
	]);
	assert.deepEqual(maskedCidrs('fd00::5/64'), ['fd00::5/64 has bits beyond its prefix and is taken as fd00::/64']);
	assert.deepEqual(maskedCidrs(''), []);
});

test('a network that is written twice, however spelt, is there once', () => {
	assert.deepEqual(parseCidrs('10.1.2.3/8, 10.0.0.0/8,fd00::1,FD00:0::1').map(showCidr), ['10.0.0.0/8', 'fd00::1/128']);
});

test('what is shown of a network is read as the same network', () => {
	fc.assert(
		fc.property(fc.oneof(fc.ipV4(), address6.map(grouped)), fc.nat({ max: 32 }), (address, bits) => {
			const cidr = parseCidr(`${address}/${bits}`);
			assert.deepEqual(parseCidr(showCidr(cidr)), cidr);
		}),
	);
});

test('ids, ranges of ids and names are read, each once', () => {
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

test('ids that setuid does not take and names that no user has are refused', () => {
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
		assert.throws(() => parseIds(no), { message: `${JSON.stringify(no)} is no id, range or name` });
	assert.throws(() => parseIds('2000-1000'), { message: '"2000-1000" is a range from high to low' });
});

test('interfaces are names that the kernel takes, with a wildcard at the end only', () => {
	assert.deepEqual(parseInterfaces('wg0, tun+ ,br-+,eth0.100,veth1@if2,wg0'), [
		'wg0',
		'tun+',
		'br-+',
		'eth0.100',
		'veth1@if2',
	]);
	for (const no of ['+', '-x', 'a+b', 'a b', 'a/b', 'x'.repeat(16), '!wg0', '.', '..'])
		assert.throws(() => parseInterfaces(no), { message: `${JSON.stringify(no)} is no interface name` });
});

test('text from outside is printed in quotes, shortened, and without anything that a terminal obeys', () => {
	assert.equal(quoted('a"b'), '"a\\"b"');
	assert.ok(quoted('x'.repeat(10_000)).length < 100);
	for (const obeyed of ['\u0000', '\n', '\r', '\u001b[2J', '\u007f', '\u0085', '\u009b31m'])
		assert.ok(isPrintable(quoted(`a${obeyed}b`)), JSON.stringify(obeyed));
});
