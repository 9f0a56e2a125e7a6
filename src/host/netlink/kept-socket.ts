import type { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { openNetlink } from './open-socket.ts';

export interface KeptSocket {
	/** One question at a time. Undefined if the kernel did not answer. */
	readonly over: <T>(ask: (open: NetlinkSocket) => Promise<T>) => Promise<T | undefined>;
}

/** Opened when it is first needed, and kept: closing one can make the kernel wait (see openRuleSource in kernel-rules.ts). */
export function createKeptSocket(protocol: Protocol): KeptSocket {
	let socket: NetlinkSocket | undefined;
	return {
		async over(ask) {
			try {
				socket ??= openNetlink(protocol);
				return await ask(socket);
			} catch {
				// The kernel's answer may still come: not to the next question.
				socket?.close();
				socket = undefined;
				return undefined;
			}
		},
	};
}
