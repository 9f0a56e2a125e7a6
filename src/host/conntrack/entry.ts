import { type Attribute, attributesOf, formatAttribute } from '../netlink/attributes.ts';

/** One direction of a TCP connection; the addresses have 4 or 16 bytes. */
export interface Tuple {
	readonly from: Buffer;
	readonly fromPort: number;
	readonly to: Buffer;
	readonly toPort: number;
}

/** A tracked connection, in the kernel's bytes. */
export interface Entry {
	/** AF_INET, AF_INET6. */
	readonly family: number;
	readonly attributes: ReadonlyMap<number, Buffer>;
}

/** NFNL_SUBSYS_CTNETLINK << 8, IPCTNL_MSG_CT_GET and …_DELETE in it (linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h). */
const CTNETLINK = 1 << 8;
/** IPCTNL_MSG_CT_NEW is the first. */
export const NEW = CTNETLINK;
export const GET = CTNETLINK | 1;
export const DELETE = CTNETLINK | 2;
/** CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_ID, CTA_STATUS_MASK. */
export const ORIGINAL = 1;
export const REPLY = 2;
export const STATUS = 3;
export const ID = 12;
export const STATUS_MASK = 26;
/** CTA_PROTOINFO, CTA_PROTOINFO_TCP, CTA_PROTOINFO_TCP_STATE. */
export const PROTOINFO = 4;
export const PROTOINFO_TCP = 1;
export const PROTOINFO_TCP_STATE = 1;
/** TCP_CONNTRACK_TIME_WAIT, …_CLOSE (linux/netfilter/nf_conntrack_tcp.h). */
const OVER: readonly (number | undefined)[] = [7, 8];
/** CTA_TUPLE_IP, CTA_TUPLE_PROTO; CTA_PROTO_NUM, …_SRC_PORT, …_DST_PORT. */
const TUPLE_IP = 1;
const TUPLE_PROTO = 2;
const PROTO_NUM = 1;
const PROTO_SRC_PORT = 2;
const PROTO_DST_PORT = 3;
/** CTA_IP_V4_SRC and …_DST, CTA_IP_V6_SRC and …_DST, by the length of the address. */
const addressKinds: Readonly<Record<number, readonly [number, number]>> = { 4: [1, 2], 16: [3, 4] };
/** IPS_SRC_NAT, IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h). */
export const SRC_NAT = 1 << 4;
export const DST_NAT = 1 << 5;
const IPPROTO_TCP = 6;
const AF_INET = 2;
const AF: Readonly<Record<number, number>> = { 4: AF_INET, 16: 10 };
/** sizeof(struct nfgenmsg). */
export const HEADER_BYTES = 4;
const NONE = Buffer.alloc(0);

export const parseEntry = (data: Buffer): Entry => ({
	family: data[0] ?? 0,
	attributes: attributesOf(data.subarray(HEADER_BYTES)),
});

/** Whether its status has any of these bits. */
export const has = ({ attributes }: Entry, bits: number): boolean =>
	((attributes.get(STATUS)?.readUInt32BE() ?? 0) & bits) !== 0;

/** Whether the kernel has seen its end, and takes a SYN between the same ends for a new one (nf_conntrack_proto_tcp.c). */
export function isTerminated({ attributes }: Entry): boolean {
	const tcp = attributesOf(attributesOf(attributes.get(PROTOINFO)).get(PROTOINFO_TCP));
	return OVER.includes(tcp.get(PROTOINFO_TCP_STATE)?.[0]);
}

/** One of its directions; undefined if it is not TCP. */
export function tupleOf({ family, attributes }: Entry, direction: typeof ORIGINAL | typeof REPLY): Tuple | undefined {
	const tuple = attributesOf(attributes.get(direction));
	const [ip, proto] = [attributesOf(tuple.get(TUPLE_IP)), attributesOf(tuple.get(TUPLE_PROTO))];
	const [source = 0, destination = 0] = addressKinds[family === AF_INET ? 4 : 16] ?? [];
	if (proto.get(PROTO_NUM)?.[0] !== IPPROTO_TCP) return undefined;
	return {
		from: ip.get(source) ?? NONE,
		fromPort: proto.get(PROTO_SRC_PORT)?.readUInt16BE() ?? 0,
		to: ip.get(destination) ?? NONE,
		toPort: proto.get(PROTO_DST_PORT)?.readUInt16BE() ?? 0,
	};
}

/** A request for a connection by its opener's direction. */
export const questionAbout = (tuple: Tuple): Buffer =>
	Buffer.concat([headerOf(AF[tuple.from.length] ?? 0), formatAttribute(tupleAttribute(ORIGINAL, tuple))]);

export function tupleAttribute(direction: typeof ORIGINAL | typeof REPLY, tuple: Tuple): Attribute {
	const { from, fromPort, to, toPort } = tuple;
	const [source = 0, destination = 0] = addressKinds[from.length] ?? [];
	const ip: Attribute[] = [
		[source, from],
		[destination, to],
	];
	const proto: Attribute[] = [
		[PROTO_NUM, Buffer.from([IPPROTO_TCP])],
		[PROTO_SRC_PORT, bigEndian(fromPort)],
		[PROTO_DST_PORT, bigEndian(toPort)],
	];
	return [
		direction,
		[
			[TUPLE_IP, ip],
			[TUPLE_PROTO, proto],
		],
	];
}

export const headerOf = (family: number): Buffer => Buffer.from([family, 0, 0, 0]);

function bigEndian(port: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16BE(port);
	return bytes;
}
