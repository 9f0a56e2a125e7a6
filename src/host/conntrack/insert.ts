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
/** -EEXIST: it is tracked already, as this or translated. */
const TRACKED = -17;
/** IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED (linux/netfilter/nf_conntrack_common.h). */
const GOING_ON = 0b1110;
/** TCP_CONNTRACK_ESTABLISHED; CTA_PROTOINFO_TCP_FLAGS_ORIGINAL and …_REPLY; IP_CT_TCP_FLAG_BE_LIBERAL. */
const ESTABLISHED = 3;
const TCP_FLAGS = [4, 5] as const;
const BE_LIBERAL = 0x08;
const CTA_TIMEOUT = 7;
/** The kernel's own for one that is open (nf_conntrack-sysctl); each packet begins it anew. */
const TIMEOUT_S = 432_000;
/** Inserted at once: the kernel drops what its answers find no room for. */
const AT_ONCE = 32;

/**
 * Makes the kernel track connections that were open before anybody looked. To nat they are none that begin, whatever packet
 * of theirs comes next; their windows are not known, so no packet of theirs is out of one.
 */
export async function insertEntries(tuples: readonly Tuple[]): Promise<void> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket, { type: NEW, flags: CREATE, harmless: TRACKED, refuse });
	try {
		for (let at = 0; at < tuples.length; at += AT_ONCE)
			await Promise.all(tuples.slice(at, at + AT_ONCE).map((tuple) => ask(entryOf(tuple))));
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
