import type { Protocol } from 'netlink/dist/constants.js';
import { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
import { createRtNetlink, type RtNetlinkSocket } from 'netlink/dist/rt/rt.js';

/**
 * Sockets to ask the kernel over. What it had no memory to answer (ENOBUFS) does not come: whoever has asked is told by
 * the time that is over. Without anybody to take it such an error is the whole process's.
 */
export function openNetlink(protocol: Protocol): NetlinkSocket {
	const socket = createNetlink(protocol);
	socket.on('error', () => undefined);
	return socket;
}

export function openRtNetlink(): RtNetlinkSocket {
	const socket = createRtNetlink();
	socket.socket.on('error', () => undefined);
	return socket;
}
