import assert from 'node:assert/strict';
import { SocketAddress } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { maskedCidrs, parseCidr, parseCidrs, showCidr } from '../../../src/values/cidr.ts';

test('parses addresses and networks of both families', () => {
	assert.deepEqual(parseCidr('10.1.2.3'), { family: 'ipv4', address: '10.1.2.3', bits: 32 });
	assert.deepEqual(parseCidr('10.0.0.0/8'), { family: 'ipv4', address: '10.0.0.0', bits: 8 });
	assert.deepEqual(parseCidr('0.0.0.0/0'), { family: 'ipv4', address: '0.0.0.0', bits: 0 });
	assert.deepEqual(parseCidr('FD00:EC2:0::254'), { family: 'ipv6', address: 'fd00:ec2::254', bits: 128 });
	assert.deepEqual(parseCidr('fd00::/64'), { family: 'ipv6', address: 'fd00::', bits: 64 });
	assert.deepEqual(parseCidr('::/0'), { family: 'ipv6', address: '::', bits: 0 });
});

const notCidrs: readonly (readonly [string, RegExp])[] = [
	['fe80::1%eth0', /^"fe80::1%eth0" is not an address or network; a zone cannot be matched/],
	['example.com', /^"example.com" is not an address or network; host names are not resolved/],
	['localhost', /host names are not resolved/],
	['1.2.3', /^"1.2.3" is not an address or network$/],
	['010.0.0.1', /is not an address or network$/],
	['1.2.3.4.5', /is not an address or network$/],
	['256.0.0.1', /is not an address or network$/],
	['10.0.0.0/33', /^"10.0.0.0\/33" has a prefix longer than 32 bits$/],
	['fd00::/129', /has a prefix longer than 128 bits$/],
	['10.0.0.0/', /is not an address or network$/],
	['10.0.0.0/-1', /is not an address or network$/],
	['10.0.0.0/8/8', /is not an address or network$/],
	['10.0.0.0/255.0.0.0', /is not an address or network$/],
	['::ffff:1.2.3.4', /is an IPv4 address in IPv6 form; write the IPv4 address$/],
	['fd00:::1', /is not an address or network$/],
	['!10.0.0.1', /is not an address or network$/],
	['', /^"" is not an address or network$/],
];

test('rejects what is not an address, with a hint on the likely mistake', () => {
	for (const [text, message] of notCidrs) assert.throws(() => parseCidr(text), { message });
});

test('clears the host bits of an IPv4 network', () => {
	fc.assert(
		fc.property(fc.nat({ max: 0xffff_ffff }), fc.nat({ max: 32 }), (address, bits) => {
			const masked = bits === 0 ? 0 : (address & (-1 << (32 - bits))) >>> 0;
			assert.equal(showCidr(parseCidr(`${dotted(address)}/${bits}`)), `${dotted(masked)}/${bits}`);
		}),
	);
});

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');

/** Half of the groups are zero, so that `::` has something to shorten. */
const address6 = fc
	.array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: 8, maxLength: 8 })
	.map((groups) => groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n))
	.filter((address) => address >> 32n !== 0xffffn);

test('clears the host bits of an IPv6 network and spells its address as the kernel does', () => {
	fc.assert(
		fc.property(address6, fc.nat({ max: 128 }), (address, bits) => {
			const masked = (address >> BigInt(128 - bits)) << BigInt(128 - bits);
			assert.equal(showCidr(parseCidr(`${grouped(address)}/${bits}`)), `${shortest(masked)}/${bits}`);
		}),
		{ examples: [1n << 80n, 0x0102_0304n, 0x1_0000n, 1n, 0n].map((address): [bigint, number] => [address, 128]) },
	);
});

const grouped = (value: bigint): string =>
	[7n, 6n, 5n, 4n, 3n, 2n, 1n, 0n].map((at) => ((value >> (at * 16n)) & 0xffffn).toString(16)).join(':');
/** Node stores an address as the kernel does and prints it with inet_ntop(3). */
const shortest = (value: bigint): string => new SocketAddress({ address: grouped(value), family: 'ipv6' }).address;

test('reports a network exactly if host bits were cleared', () => {
	assert.deepEqual(maskedCidrs('10.1.2.3/8, 10.0.0.0/8, 10.1.2.3, 10.1.2.3/32, FD00:0::/64'), [
		'10.1.2.3/8 has host bits set, using 10.0.0.0/8',
	]);
	assert.deepEqual(maskedCidrs('fd00::5/64'), ['fd00::5/64 has host bits set, using fd00::/64']);
	assert.deepEqual(maskedCidrs(''), []);
});

test('removes duplicate networks, however they are spelt', () => {
	assert.deepEqual(parseCidrs('10.1.2.3/8, 10.0.0.0/8,fd00::1,FD00:0::1').map(showCidr), ['10.0.0.0/8', 'fd00::1/128']);
});

test('a printed network parses to the same network', () => {
	fc.assert(
		fc.property(fc.oneof(fc.ipV4(), address6.map(grouped)), fc.nat({ max: 32 }), (address, bits) => {
			const cidr = parseCidr(`${address}/${bits}`);
			assert.deepEqual(parseCidr(showCidr(cidr)), cidr);
		}),
	);
});
