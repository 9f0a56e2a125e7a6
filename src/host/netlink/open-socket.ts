import type { Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import { createRtNetlink, type RtNetlinkSocket } from 'netlink/dist/rt/rt.js';

/**
 * The largest part of a dump (netlink_recvmsg, af_netlink.c). The kernel fills the buffer that it is offered, and walks the
 * list from the start for each part: with small buffers 5,000 rules take three times as long.
 */
const ANSWER_BYTES = 32 * 1024;
/** 0: the kernel's default. */
export const answering = {
	...{ messagePeeking: false, msgBufferSize: ANSWER_BYTES },
	...{ recvBufferSize: 0, sendBufferSize: 0 },
} as const;

/**
 * Sockets for requests. A socket's error (ENOBUFS: an answer was lost) is ignored here, as the request times out; without a
 * listener it would end this process.
 */
export function openNetlink(protocol: Protocol): NetlinkSocket {
	const socket = createNetlink(protocol, answering);
	socket.on('error', () => undefined);
	return socket;
}

export function openRtNetlink(): RtNetlinkSocket {
	const socket = createRtNetlink();
	socket.socket.on('error', () => undefined);
	return socket;
}
