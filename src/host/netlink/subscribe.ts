import { RawNetlinkSocket } from 'netlink/dist/raw.js';

export interface Handlers {
	readonly onMessages: (bytes: Buffer) => void;
	/** Notifications were lost. */
	readonly onLost: () => void;
}

/**
 * The receive buffer, for bursts on a busy host. The kernel grants it to root; others get at most net.core.rmem_max, and
 * tests set it to that size.
 */
const bufferBytes = Number(process.env['TEST_NOTICE_BUFFER'] ?? 4 * 1024 * 1024);

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Subscribes to netlink groups until the signal is aborted. After an overflow (ENOBUFS, netlink(7)) it continues; after any
 * other error it opens a new socket, with exponential back-off. The returned function says whether a socket is open now.
 */
export function subscribe(
	protocol: number,
	groups: readonly number[],
	handlers: Handlers,
	signal: AbortSignal,
): () => boolean {
	let socket: RawNetlinkSocket | undefined;
	let failures = 0;
	const close = () => {
		socket?.close();
		socket = undefined;
	};
	const open = () => {
		if (signal.aborted) return;
		try {
			socket = openSocket(protocol, groups);
		} catch {
			return retry();
		}
		socket.on('message', (bytes) => {
			failures = 0;
			deliver(bytes, handlers);
		});
		socket.on('truncatedMessage', handlers.onLost).on('error', onError);
		if (failures > 0) handlers.onLost();
	};
	const retry = () => {
		setTimeout(open, Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS)).unref();
		failures += 1;
	};
	const onError = (error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOBUFS') return handlers.onLost();
		close();
		retry();
	};
	open();
	signal.addEventListener('abort', close, { once: true });
	return () => socket !== undefined;
}

function openSocket(protocol: number, groups: readonly number[]): RawNetlinkSocket {
	const socket = new RawNetlinkSocket(protocol, { recvBufferSize: bufferBytes, sendBufferSize: 0 });
	socket.unref();
	try {
		for (const group of groups) socket.addMembership(group);
	} catch (error) {
		socket.close();
		throw error;
	}
	return socket;
}

/** A message that cannot be parsed counts as lost. */
function deliver(bytes: Buffer, { onMessages, onLost }: Handlers): void {
	try {
		onMessages(bytes);
	} catch {
		onLost();
	}
}
