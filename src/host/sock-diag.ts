import { Protocol } from 'netlink/dist/constants.js';
import { createNetlink } from 'netlink/dist/netlink.js';
import type { Family } from '../units.ts';

/** A TCP socket as the kernel's socket monitor tells of it (sock_diag(7)). */
export interface ListeningSocket {
	readonly port: number;
	/** Who opened it. */
	readonly uid: number;
	readonly inode: string;
}

const AF = { ipv4: 2, ipv6: 10 } as const;
/** SOCK_DIAG_BY_FAMILY (linux/sock_diag.h). */
const BY_FAMILY = 20;
const IPPROTO_TCP = 6;
/** 1 << TCP_LISTEN (net/tcp_states.h). */
const LISTENING = 1 << 10;
/** NLM_F_DUMP (linux/netlink.h). */
const DUMP = 0x300;
/** sizeof(struct inet_diag_req_v2) and offsets within struct inet_diag_msg (linux/inet_diag.h). */
const REQUEST_BYTES = 56;
const SPORT = 4;
const UID = 64;
const INODE = 68;
const TIMEOUT_MS = 2_000;

/**
 * What listens on TCP in this network namespace. /proc/net/tcp would tell the same, but walks through all connections
 * that the kernel has room for, which takes milliseconds on a host that has none.
 */
export async function readListening(family: Family): Promise<ListeningSocket[]> {
	const request = Buffer.alloc(REQUEST_BYTES);
	request.writeUInt8(AF[family], 0);
	request.writeUInt8(IPPROTO_TCP, 1);
	request.writeUInt32LE(LISTENING, 4);
	const socket = createNetlink(Protocol.SOCK_DIAG);
	try {
		const [messages] = await socket.request(BY_FAMILY, request, { flags: DUMP, timeout: TIMEOUT_MS });
		return messages
			.filter(({ type, data }) => type === BY_FAMILY && data.length > INODE)
			.map(({ data }) => ({
				port: data.readUInt16BE(SPORT),
				uid: data.readUInt32LE(UID),
				inode: String(data.readUInt32LE(INODE)),
			}));
	} finally {
		socket.close();
	}
}
