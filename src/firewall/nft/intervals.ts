import { bytesOf, type Cidr, showAddress } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';

/** Both ends inclusive. */
export interface Interval<T> {
	readonly from: T;
	readonly to: T;
}

export const mergedNumbers = <T extends number>(ranges: readonly Interval<T>[]): Interval<T>[] =>
	merged(ranges, (value) => value + 1);

export const numberSet = (ranges: readonly Interval<number>[]): string =>
	setOf(sorted(ranges).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)));

export const mergedAddresses = (ranges: readonly Interval<bigint>[]): Interval<bigint>[] =>
	merged(ranges, (value) => value + 1n);

export const addressSet = (family: Family, ranges: readonly Interval<bigint>[]): string =>
	setOf(sorted(ranges).map((range) => showRange(family, range)));

/** `80`, or `{ 80, 443 }`. */
export const setOf = (elements: readonly string[]): string =>
	elements.length === 1 ? elements.join('') : `{ ${elements.join(', ')} }`;

/** A set that is a hash is listed in any order. */
const sorted = <T extends number | bigint>(ranges: readonly Interval<T>[]): Interval<T>[] =>
	ranges.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));

function merged<T extends number | bigint>(
	ranges: readonly Interval<T>[],
	after: (value: T) => number | bigint,
): Interval<T>[] {
	const joined: Interval<T>[] = [];
	for (const range of sorted(ranges)) {
		const last = joined.at(-1);
		if (last === undefined || range.from > after(last.to)) joined.push(range);
		else if (range.to > last.to) joined[joined.length - 1] = { from: last.from, to: range.to };
	}
	return joined;
}

export function rangeOfCidr({ family, address, bits }: Pick<Cidr, 'family' | 'address' | 'bits'>): Interval<bigint> {
	const from = numberOf(family, address);
	return { from, to: from + (1n << BigInt(lengthOf(family) - bits)) - 1n };
}

const lengthOf = (family: Family): number => (family === 'ipv4' ? 32 : 128);

export const numberOf = (family: Family, address: string): bigint =>
	bytesOf(family, address).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);

/** The fewest networks that have these addresses and no others. */
export function networksOf(family: Family, { from, to }: Interval<bigint>): readonly Cidr[] {
	const found: Cidr[] = [];
	for (let start = from; start <= to; ) {
		let size = 1n;
		while (start % (size * 2n) === 0n && start + size * 2n - 1n <= to) size *= 2n;
		found.push({ family, address: show(family, start), bits: lengthOf(family) - (size.toString(2).length - 1) });
		start += size;
	}
	return found;
}

/** As nft prints it: an address, a network where it is one, else both ends. */
function showRange(family: Family, { from, to }: Interval<bigint>): string {
	const size = to - from + 1n;
	const isNetwork = (size & (size - 1n)) === 0n && from % size === 0n;
	if (!isNetwork) return `${show(family, from)}-${show(family, to)}`;
	const bits = lengthOf(family) - (size.toString(2).length - 1);
	return bits === lengthOf(family) ? show(family, from) : `${show(family, from)}/${bits}`;
}

function show(family: Family, value: bigint): string {
	const length = lengthOf(family) / 8;
	return showAddress(
		family,
		Array.from({ length }, (_, at) => Number((value >> BigInt(8 * (length - 1 - at))) & 255n)),
	);
}
