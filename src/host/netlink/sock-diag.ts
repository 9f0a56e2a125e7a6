import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { type Family, families } from '../../values/units.ts';
import { errnoOf } from './errno.ts';
import { openNetlink } from './open-socket.ts';

/** A TCP socket as reported by sock_diag(7). */
export interface TcpSocket {
	/** An IPv6 socket may have a connection of IPv4: see unmapV4. */
	readonly family: Family;
	readonly state: number;
	/** 4 or 16 bytes. */
	readonly from: Buffer;
	readonly to: Buffer;
	readonly port: number;
	readonly remotePort: number;
	/** The owner's. */
	readonly uid: number;
	/** For a listener: it does not accept IPv4. */
	readonly isIpv6Only: boolean;
	/** IP_TRANSPARENT (ip(7)); kernels before 5.10 do not say. */
	readonly isTransparent: boolean | undefined;
	/** '0' if no process holds it. */
	readonly inode: string;
	/** The id of the cgroup that it was made in; kernels before 5.9 do not say. */
	readonly cgroup: number | undefined;
	readonly cookie: string;
	/** Identifies it to the kernel: struct inet_diag_msg as received. */
	readonly handle: Buffer;
}

/** States of net/tcp_states.h, as bits; OPENING is not connected yet, in HALF_CLOSED and CLOSING one end has finished. */
export const LISTEN = 10;
const LISTENING = 1 << LISTEN;
const ESTABLISHED = 1 << 1;
const HALF_CLOSED = (1 << 4) | (1 << 5) | (1 << 8);
const OPENING = (1 << 2) | (1 << 3) | (1 << 12);
const CLOSING = (1 << 9) | (1 << 11);

const AF = { ipv4: 2, ipv6: 10 } as const;
const ADDRESS_BYTES = { ipv4: 4, ipv6: 16 } as const;
/** TCPDIAG_GETSOCK (linux/inet_diag.h); SOCK_DIAG_BY_FAMILY, SOCK_DESTROY (linux/sock_diag.h). */
const ALL_FAMILIES = 18;
const BY_FAMILY = 20;
const DESTROY = 21;
const IPPROTO_TCP = 6;
/** NLM_F_DUMP (linux/netlink.h). */
const DUMP = 0x300;
/** struct inet_diag_req_v2, inet_diag_req and inet_diag_msg (linux/inet_diag.h): sizes, and offsets within the last. */
const REQUEST_BYTES = 56;
const REQUEST_ID = 8;
const ALL_BYTES = 60;
const ALL_ID = 4;
const ALL_STATES = 52;
const STATE = 1;
const ID = 4;
const REMOTE_PORT = 6;
const FROM = 8;
const TO = 24;
const COOKIE = 44;
const ID_END = 52;
const UID = 64;
const INODE = 68;
const ATTRIBUTES = 72;
/** INET_DIAG_SKV6ONLY, which the kernel sends for each IPv6 listener. */
const V6ONLY = 11;
/** INET_DIAG_CGROUP_ID. */
const CGROUP = 21;
/** INET_DIAG_SOCKOPT: struct inet_diag_sockopt. */
const OPTIONS = 22;
const TRANSPARENT = 1 << 5;
const TIMEOUT_MS = 2_000;

/**
 * TCP listeners in this network namespace. /proc/net/tcp has them too, but walks the kernel's whole connection table, which
 * takes milliseconds even if it is empty.
 */
export const readListening = (): Promise<TcpSocket[]> => readSockets(LISTENING);

const ALIVE = OPENING | ESTABLISHED | HALF_CLOSED | CLOSING;

/** Connections that are being opened, open, or being closed. */
export const readAlive = (): Promise<TcpSocket[]> => readSockets(ALIVE);

/** The same with this local port only. */
export const readAliveOn = (port: number): Promise<TcpSocket[]> => readSockets(ALIVE, port);

/** Listeners and open connections. */
export const readOpen = (): Promise<TcpSocket[]> => readSockets(LISTENING | ESTABLISHED | HALF_CLOSED);

/**
 * Of both families. Each question makes the kernel walk its whole connection table, which takes milliseconds even if it is
 * empty; the older of the two is for all families at once. `port`: 0 for any.
 */
async function readSockets(states: number, port = 0): Promise<TcpSocket[]> {
	try {
		return await dump(ALL_FAMILIES, questionForAll(states, port));
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
		return (await Promise.all(families.map((family) => readTolerantly(family, states, port)))).flat();
	}
}

/** A kernel without the family, or without sock_diag for it, has no sockets. */
async function readTolerantly(family: Family, states: number, port: number): Promise<TcpSocket[]> {
	const question = Buffer.alloc(REQUEST_BYTES);
	question.writeUInt8(AF[family], 0);
	question.writeUInt8(IPPROTO_TCP, 1);
	question.writeUInt32LE(states, 4);
	question.writeUInt16BE(port, REQUEST_ID);
	try {
		return await dump(BY_FAMILY, question);
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
		return [];
	}
}

function questionForAll(states: number, port: number): Buffer {
	const question = Buffer.alloc(ALL_BYTES);
	question.writeUInt16BE(port, ALL_ID);
	question.writeUInt32LE(states, ALL_STATES);
	return question;
}

const dump = (type: number, question: Buffer): Promise<TcpSocket[]> =>
	withSocket(async (socket) => {
		const [messages] = await socket.request(type, question, { flags: DUMP, timeout: TIMEOUT_MS });
		return messages
			.filter((message) => message.type === type && message.data.length > INODE)
			.map(({ data }) => parseSocket(data, data[0] === AF.ipv6 ? 'ipv6' : 'ipv4'));
	});

const parseSocket = (data: Buffer, family: Family): TcpSocket => ({
	family,
	state: data.readUInt8(STATE),
	from: data.subarray(FROM, FROM + ADDRESS_BYTES[family]),
	to: data.subarray(TO, TO + ADDRESS_BYTES[family]),
	port: data.readUInt16BE(ID),
	remotePort: data.readUInt16BE(REMOTE_PORT),
	uid: data.readUInt32LE(UID),
	isIpv6Only: readAt(data, V6ONLY, (at) => data.readUInt8(at)) === 1,
	isTransparent: readAt(data, OPTIONS, (at) => (data.readUInt8(at) & TRANSPARENT) !== 0),
	cgroup: readAt(data, CGROUP, (at) => Number(data.readBigUInt64LE(at))),
	inode: String(data.readUInt32LE(INODE)),
	cookie: data.toString('hex', COOKIE, ID_END),
	handle: data,
});

/** The value of an attribute (struct nlattr, linux/netlink.h); undefined where it is not there. */
function readAt<T>(data: Buffer, wanted: number, read: (at: number) => T): T | undefined {
	for (let at = ATTRIBUTES; at + 4 < data.length; ) {
		const length = data.readUInt16LE(at);
		if (data.readUInt16LE(at + 2) === wanted) return read(at + 4);
		at += Math.max(4, (length + 3) & ~3);
	}
	return undefined;
}

/**
 * As `ss --kill`; needs CONFIG_INET_DIAG_DESTROY. Resolves to how many the kernel ended, without those that it refused to
 * and those that had ended before.
 */
export function destroySockets(handles: readonly Uint8Array[]): Promise<number> {
	return withSocket(async (socket) => {
		let ended = 0;
		for (const handle of handles) if (await destroy(socket, handle)) ended += 1;
		return ended;
	});
}

async function destroy(socket: NetlinkSocket, handle: Uint8Array): Promise<boolean> {
	const request = Buffer.alloc(REQUEST_BYTES);
	request.writeUInt8(handle[0] ?? 0, 0);
	request.writeUInt8(IPPROTO_TCP, 1);
	request.writeUInt32LE(0xffff_ffff, 4);
	request.set(handle.subarray(ID, ID_END), REQUEST_ID);
	try {
		await socket.request(DESTROY, request, { timeout: TIMEOUT_MS });
		return true;
	} catch (error) {
		if (errnoOf(error) === undefined) throw error;
		return false;
	}
}

async function withSocket<T>(ask: (socket: NetlinkSocket) => Promise<T>): Promise<T> {
	const socket = openNetlink(Protocol.SOCK_DIAG);
	try {
		return await ask(socket);
	} finally {
		socket.close();
	}
}

/** Turns an IPv4-mapped IPv6 socket (::ffff:0:0/96, RFC 4291, 2.5.5.2) into one of IPv4, as its packets are. */
export function unmapV4(socket: TcpSocket): TcpSocket {
	const isMapped = (bytes: Buffer) => bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED);
	if (!isMapped(socket.to) || !isMapped(socket.from)) return socket;
	return { ...socket, from: socket.from.subarray(12), to: socket.to.subarray(12) };
}
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
