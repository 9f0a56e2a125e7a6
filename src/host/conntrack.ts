import { Flags, MessageType, Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import { parseMessages } from 'netlink/dist/structs.js';
import { Failure } from '../failure.ts';
import { type Attribute, attributesOf, formatAttribute } from './attributes.ts';
import { errnoOf } from './errno.ts';

/** One direction of a TCP connection; the addresses have 4 or 16 bytes. */
export interface Tuple {
	readonly from: Buffer;
	readonly fromPort: number;
	readonly to: Buffer;
	readonly toPort: number;
}

/** NFNL_SUBSYS_CTNETLINK << 8, IPCTNL_MSG_CT_GET and …_DELETE in it (linux/netfilter/nfnetlink.h, nfnetlink_conntrack.h). */
const CTNETLINK = 1 << 8;
const GET = CTNETLINK | 1;
const DELETE = CTNETLINK | 2;
/** CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_STATUS, CTA_ID; CTA_TUPLE_IP, CTA_TUPLE_PROTO; CTA_PROTO_NUM, …_SRC_PORT, …_DST_PORT. */
const TUPLE_ORIG = 1;
const TUPLE_REPLY = 2;
const STATUS = 3;
const ID = 12;
const TUPLE_IP = 1;
const TUPLE_PROTO = 2;
const PROTO_NUM = 1;
const PROTO_SRC_PORT = 2;
const PROTO_DST_PORT = 3;
/** CTA_IP_V4_SRC and …_DST, CTA_IP_V6_SRC and …_DST, by the length of the address. */
const addressKinds: Readonly<Record<number, readonly [number, number]>> = { 4: [1, 2], 16: [3, 4] };
/** IPS_SRC_NAT, IPS_DST_NAT (linux/netfilter/nf_conntrack_common.h). */
const SRC_NAT = 1 << 4;
const DST_NAT = 1 << 5;
const IPPROTO_TCP = 6;
const AF_INET = 2;
const AF: Readonly<Record<number, number>> = { 4: AF_INET, 16: 10 };
/** sizeof(struct nfgenmsg). */
const HEADER_BYTES = 4;
/** NLM_F_DUMP (linux/netlink.h). */
const DUMP = 0x300;
const TIMEOUT_MS = 2_000;
const DUMP_TIMEOUT_MS = 10_000;
const NONE = Buffer.alloc(0);
/** Questions that are under way at once: the kernel drops what its answer finds no room for. */
const AT_ONCE = 32;

/** For each, to what port of its destination it is translated; undefined where it is not, or nobody tracks it. */
export async function readTranslations(tuples: readonly Tuple[]): Promise<(number | undefined)[]> {
	const socket = createNetlink(Protocol.NETFILTER);
	socket.ref();
	const ask = createAsk(socket);
	const found: (number | undefined)[] = [];
	try {
		for (let at = 0; at < tuples.length; at += AT_ONCE) {
			const answers = tuples.slice(at, at + AT_ONCE).map((tuple) => ask(requestOf(tuple)));
			found.push(...(await Promise.all(answers)).map(translationOf));
		}
		return found;
	} finally {
		socket.close();
	}
}

/**
 * Makes the kernel forget what it has translated to these ports of these addresses of this host; only when all of that has
 * ended. What it keeps (TIME_WAIT for two minutes, ESTABLISHED for days where its last packets went by unseen) it would
 * apply to an untranslated connection of the same ends as soon as rules make it look again, in the middle of it.
 */
export async function forgetTranslations(
	ports: ReadonlySet<number>,
	isLocal: (bytes: Buffer) => boolean,
): Promise<void> {
	const socket = createNetlink(Protocol.NETFILTER);
	try {
		for (const [family, attributes] of await translated(socket)) {
			const reply = attributesOf(attributes.get(TUPLE_REPLY));
			const [by] = addressKinds[family === AF_INET ? 4 : 16] ?? [0];
			const address = attributesOf(reply.get(TUPLE_IP)).get(by) ?? NONE;
			const port = attributesOf(reply.get(TUPLE_PROTO)).get(PROTO_SRC_PORT)?.readUInt16BE() ?? 0;
			if (ports.has(port) && isLocal(address)) await forget(socket, family, attributes);
		}
	} finally {
		socket.close();
	}
}

/** What the kernel tracks of a connection that nobody translates, and how it is named to it. */
export interface Tracked {
	readonly ends: Tuple;
	readonly family: number;
	readonly attributes: ReadonlyMap<number, Buffer>;
}

/** Every TCP connection that it tracks and nobody translates. */
export async function readUntranslated(): Promise<Tracked[]> {
	const socket = createNetlink(Protocol.NETFILTER);
	try {
		const request = Buffer.alloc(HEADER_BYTES);
		const [messages] = await socket.request(GET, request, { flags: DUMP, timeout: DUMP_TIMEOUT_MS });
		return messages.flatMap(({ data }) => trackedIn(data[0] ?? 0, attributesOf(data.subarray(HEADER_BYTES))));
	} finally {
		socket.close();
	}
}

export async function forgetTracked(all: readonly Tracked[]): Promise<void> {
	const socket = createNetlink(Protocol.NETFILTER);
	try {
		for (const { family, attributes } of all) await forget(socket, family, attributes);
	} finally {
		socket.close();
	}
}

function trackedIn(family: number, attributes: ReadonlyMap<number, Buffer>): Tracked[] {
	const status = attributes.get(STATUS)?.readUInt32BE() ?? 0;
	const original = attributesOf(attributes.get(TUPLE_ORIG));
	const [ip, proto] = [attributesOf(original.get(TUPLE_IP)), attributesOf(original.get(TUPLE_PROTO))];
	const [source = 0, destination = 0] = addressKinds[family === AF_INET ? 4 : 16] ?? [];
	if (proto.get(PROTO_NUM)?.[0] !== IPPROTO_TCP || (status & (SRC_NAT | DST_NAT)) !== 0) return [];
	const ends = {
		from: ip.get(source) ?? NONE,
		fromPort: proto.get(PROTO_SRC_PORT)?.readUInt16BE() ?? 0,
		to: ip.get(destination) ?? NONE,
		toPort: proto.get(PROTO_DST_PORT)?.readUInt16BE() ?? 0,
	};
	return [{ ends, family, attributes }];
}

/** All that have a translated destination, with their families. Kernels before 5.17 tell of all connections. */
async function translated(socket: NetlinkSocket): Promise<[number, Map<number, Buffer>][]> {
	const request = Buffer.concat([Buffer.alloc(HEADER_BYTES), formatAttribute([STATUS, bits(DST_NAT)])]);
	const [messages] = await socket.request(GET, request, { flags: DUMP, timeout: DUMP_TIMEOUT_MS });
	const all = messages.map(({ data }): [number, Map<number, Buffer>] => [
		data[0] ?? 0,
		attributesOf(data.subarray(HEADER_BYTES)),
	]);
	return all.filter(([, attributes]) => isTranslated(attributes));
}

/** One that is gone already is as wanted. */
async function forget(socket: NetlinkSocket, family: number, attributes: ReadonlyMap<number, Buffer>): Promise<void> {
	const named = [TUPLE_ORIG, ID].map((kind) => formatAttribute([kind, attributes.get(kind) ?? NONE]));
	const request = Buffer.concat([Buffer.from([family, 0, 0, 0]), ...named]);
	await socket.request(DELETE, request, { timeout: TIMEOUT_MS }).catch((error) => {
		if (errnoOf(error) !== 'ENOENT') throw error;
	});
}

const isTranslated = (attributes: ReadonlyMap<number, Buffer>): boolean =>
	((attributes.get(STATUS)?.readUInt32BE() ?? 0) & DST_NAT) !== 0;

type Ask = (request: Buffer) => Promise<Buffer | undefined>;

/**
 * Answers, or undefined where there is none such. The package's own `request` waits for the end of a list: the kernel marks
 * each answer as a part of one (ctnetlink_fill_info), which without a dump never comes.
 */
function createAsk(socket: NetlinkSocket): Ask {
	const waiting = new Map<number, (answer: Buffer | undefined, error: number) => void>();
	const answers = new Map<number, Buffer>();
	// What was lost is missed by whoever waits for it.
	socket.on('error', () => undefined);
	socket.socket.on('message', (bytes) => {
		for (const { type, seq, data } of parseMessages(bytes)) {
			if (type !== MessageType.ERROR) answers.set(seq, data);
			// An acknowledgement, behind the answer; or why there is none.
			else waiting.get(seq)?.(answers.get(seq), data.readInt32LE());
		}
	});
	return (request) =>
		new Promise((resolve, reject) => {
			const late = setTimeout(() => reject(cannotTell('it does not answer')), TIMEOUT_MS);
			const flags = Flags.REQUEST | Flags.ACK;
			const seq = socket.send(GET, request, { flags }, (error) => (error ? reject(error) : undefined));
			waiting.set(seq, (answer, error) => {
				clearTimeout(late);
				if (error === 0 || error === NOT_TRACKED) resolve(answer);
				else reject(cannotTell(`error ${-error}`));
			});
		});
}

/** -ENOENT. */
const NOT_TRACKED = -2;

const cannotTell = (why: string): Failure =>
	new Failure(
		'unsupported',
		`Cannot tell which open connections are captured: the kernel does not say (${why})`,
		'It takes nf_conntrack_netlink (CONFIG_NF_CT_NETLINK); the rules are not concerned',
	);

/** The kernel finds a connection by either of its directions. */
function translationOf(answer: Buffer | undefined): number | undefined {
	const attributes = attributesOf(answer?.subarray(HEADER_BYTES));
	const reply = attributesOf(attributes.get(TUPLE_REPLY));
	return isTranslated(attributes)
		? attributesOf(reply.get(TUPLE_PROTO)).get(PROTO_SRC_PORT)?.readUInt16BE()
		: undefined;
}

function requestOf({ from, fromPort, to, toPort }: Tuple): Buffer {
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
	const tuple = formatAttribute([
		TUPLE_ORIG,
		[
			[TUPLE_IP, ip],
			[TUPLE_PROTO, proto],
		],
	]);
	return Buffer.concat([Buffer.from([AF[from.length] ?? 0, 0, 0, 0]), tuple]);
}

function bits(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

function bigEndian(port: number): Buffer {
	const bytes = Buffer.alloc(2);
	bytes.writeUInt16BE(port);
	return bytes;
}
