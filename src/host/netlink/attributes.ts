/** Netlink's attributes (netlink(7)): a kind, and bytes or attributes within. */
export type Attribute = readonly [kind: number, value: Buffer | readonly Attribute[]];

export const HEADER_BYTES = 4;
/** NLA_F_NESTED, and the bits of a kind that are not flags (linux/netlink.h). */
const NESTED = 0x8000;
const KIND = 0x3fff;

const aligned = (length: number): number => (length + 3) & ~3;

export function formatAttribute([kind, value]: Attribute): Buffer {
	const isNested = !Buffer.isBuffer(value);
	const content = isNested ? Buffer.concat(value.map(formatAttribute)) : value;
	const bytes = Buffer.alloc(aligned(HEADER_BYTES + content.length));
	bytes.writeUInt16LE(HEADER_BYTES + content.length, 0);
	bytes.writeUInt16LE(isNested ? kind | NESTED : kind, 2);
	bytes.set(content, HEADER_BYTES);
	return bytes;
}

/** By kind; empty for undefined. */
export const attributesOf = (bytes: Buffer | undefined): Map<number, Buffer> => new Map(elementsOf(bytes));

/** In order: the elements of a list all have the same kind. */
export function elementsOf(bytes: Buffer | undefined): (readonly [kind: number, value: Buffer])[] {
	const found: (readonly [number, Buffer])[] = [];
	if (bytes === undefined) return found;
	eachAttribute(bytes, 0, bytes.length, (kind, from, to) => found.push([kind, bytes.subarray(from, to)]));
	return found;
}

/** Calls `act` for each attribute between two offsets, with the offsets of its value. */
export function eachAttribute(
	bytes: Buffer,
	from: number,
	end: number,
	act: (kind: number, from: number, to: number) => void,
): void {
	for (let at = from; at + HEADER_BYTES <= end; ) {
		const length = bytes.readUInt16LE(at);
		if (length < HEADER_BYTES) break;
		act(bytes.readUInt16LE(at + 2) & KIND, at + HEADER_BYTES, Math.min(at + length, end));
		at += aligned(length);
	}
}

/** A zero-terminated text; '' for undefined. */
export const textOf = (bytes: Buffer | undefined): string => bytes?.toString('utf8').replace(/\0.*$/s, '') ?? '';
