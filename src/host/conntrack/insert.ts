import { Protocol } from 'netlink/dist/constants.js';
import { Failure } from '../../failure.ts';
import { type Attribute, formatAttribute } from '../netlink/attributes.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { createAsk } from './ask.ts';
import {
	headerOf,
	NEW,
	ORIGINAL,
	PROTOINFO,
	PROTOINFO_TCP,
	PROTOINFO_TCP_STATE,
	REPLY,
	STATUS,
	type Tuple,
	tupleAttribute,
} from './entry.ts';

/** NLM_F_CREATE | NLM_F_EXCL (linux/netlink.h). */
const CREATE = 0x600;
/** -EEXIST: it is tracked already, with NAT or without. */
const TRACKED = -17;
/** IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED (linux/netfilter/nf_conntrack_common.h). */
const GOING_ON = 0b1110;
/** TCP_CONNTRACK_ESTABLISHED; CTA_PROTOINFO_TCP_FLAGS_ORIGINAL and …_REPLY; IP_CT_TCP_FLAG_BE_LIBERAL. */
const ESTABLISHED = 3;
const TCP_FLAGS = [4, 5] as const;
const BE_LIBERAL = 0x08;
const CTA_TIMEOUT = 7;
/** The kernel's default for established connections (nf_conntrack-sysctl); each packet renews it. */
const TIMEOUT_S = 432_000;
/** Requests in flight: the kernel drops answers that do not fit the socket's buffer. */
const BATCH = 32;

/**
 * Makes the kernel track connections that were open before conntrack was active, as established and without NAT: none of
 * their packets goes through the nat table. Their TCP windows are unknown, so no packet counts as out of window.
 */
export async function insertEntries(tuples: readonly Tuple[]): Promise<void> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket, { type: NEW, flags: CREATE, harmless: TRACKED, refuse });
	try {
		for (let at = 0; at < tuples.length; at += BATCH)
			await Promise.all(tuples.slice(at, at + BATCH).map((tuple) => ask(entryOf(tuple))));
	} finally {
		socket.close();
	}
}

const refuse = (why: string): Failure =>
	new Failure(
		'unsupported',
		`Cannot make the kernel track connections that are open: ${why}`,
		'It takes nf_conntrack_netlink (CONFIG_NF_CT_NETLINK) and CAP_NET_ADMIN over this network',
	);

function entryOf(tuple: Tuple): Buffer {
	const { from, fromPort, to, toPort } = tuple;
	const tcp: Attribute[] = [
		[PROTOINFO_TCP_STATE, Buffer.from([ESTABLISHED])],
		...TCP_FLAGS.map((kind): Attribute => [kind, Buffer.from([BE_LIBERAL, BE_LIBERAL])]),
	];
	const attributes: Attribute[] = [
		tupleAttribute(ORIGINAL, tuple),
		tupleAttribute(REPLY, { from: to, fromPort: toPort, to: from, toPort: fromPort }),
		[STATUS, bigEndian(GOING_ON)],
		[CTA_TIMEOUT, bigEndian(TIMEOUT_S)],
		[PROTOINFO, [[PROTOINFO_TCP, tcp]]],
	];
	return Buffer.concat([headerOf(from.length === 4 ? 2 : 10), ...attributes.map(formatAttribute)]);
}

function bigEndian(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
