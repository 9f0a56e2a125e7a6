/** One message of several that come at once. */
export interface NetlinkNotice {
	readonly type: number;
	readonly body: Buffer;
}

/** sizeof(struct nlmsghdr): length, type, flags, sequence, port (linux/netlink.h). */
const HEADER_BYTES = 16;
const ATTRIBUTE_BYTES = 4;
/** Above the two flag bits of an attribute's type. */
const TYPE_MASK = 0x3fff;

const aligned = (length: number): number => Math.ceil(length / 4) * 4;

/** What the kernel sent, taken apart. What is not whole is left out. */
export function messagesOf(bytes: Buffer): NetlinkNotice[] {
	const found: NetlinkNotice[] = [];
	for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		if (length < HEADER_BYTES) break;
		found.push({ type: bytes.readUInt16LE(at + 4), body: bytes.subarray(at + HEADER_BYTES, at + length) });
		at += aligned(length);
	}
	return found;
}

/** The attributes behind a fixed part of so many bytes, by their type. */
export function attributesOf(body: Buffer, fixedBytes: number): ReadonlyMap<number, Buffer> {
	const elements = elementsOf(body.subarray(aligned(fixedBytes)));
	return new Map(elements.map(({ type, bytes }) => [type, bytes]));
}

export interface Attribute {
	readonly type: number;
	readonly bytes: Buffer;
}

/** Attributes one after the other; those of a list are all of one type. */
export function elementsOf(list: Buffer): Attribute[] {
	const found: Attribute[] = [];
	for (let at = 0; at + ATTRIBUTE_BYTES <= list.length; ) {
		const length = list.readUInt16LE(at);
		if (length < ATTRIBUTE_BYTES) break;
		found.push({
			type: list.readUInt16LE(at + 2) & TYPE_MASK,
			bytes: list.subarray(at + ATTRIBUTE_BYTES, at + length),
		});
		at += aligned(length);
	}
	return found;
}

/** A text with its closing zero; '' where there is none. */
export const textOf = (bytes: Buffer | undefined): string => bytes?.toString('utf8').replace(/\0.*$/s, '') ?? '';
