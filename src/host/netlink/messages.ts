/** One netlink message. */
export interface NetlinkNotice {
	readonly type: number;
	readonly flags: number;
	readonly body: Buffer;
}

/** sizeof(struct nlmsghdr): length, type, flags, sequence, port (linux/netlink.h). */
const HEADER_BYTES = 16;

/** Splits a datagram into its messages; an incomplete header ends it. */
export function messagesOf(bytes: Buffer): NetlinkNotice[] {
	const found: NetlinkNotice[] = [];
	for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		if (length < HEADER_BYTES) break;
		const [type, flags] = [bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
		found.push({ type, flags, body: bytes.subarray(at + HEADER_BYTES, at + length) });
		at += (length + 3) & ~3;
	}
	return found;
}
