import type { Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import { createRtNetlink, type RtNetlinkSocket } from 'netlink/dist/rt/rt.js';

/**
 * The most that the kernel puts into one part of a list (netlink_recvmsg, af_netlink.c). It makes them as large as the room
 * that it is offered, and goes through the whole list anew for each: with small ones 5,000 rules take thrice as long.
 */
const ANSWER_BYTES = 32 * 1024;
/** 0: as large as the kernel makes them. */
export const answering = {
	...{ messagePeeking: false, msgBufferSize: ANSWER_BYTES },
	...{ recvBufferSize: 0, sendBufferSize: 0 },
} as const;

/**
 * Sockets to ask the kernel over. What it had no memory to answer (ENOBUFS) does not come: whoever has asked is told by
 * the time that is over. Without anybody to take it such an error is the whole process's.
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
