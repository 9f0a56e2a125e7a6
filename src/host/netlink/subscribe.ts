import { RawNetlinkSocket } from 'netlink/dist/raw.js';

export interface Handlers {
	readonly onMessages: (bytes: Buffer) => void;
	/** Something was told that has not reached us. */
	readonly onLost: () => void;
}

/**
 * What a busy host tells meanwhile must find room: the kernel grants it to root, to others at most net.core.rmem_max.
 * Tests make it small, as it is everywhere for others.
 */
const bufferBytes = Number(process.env['TEST_NOTICE_BUFFER'] ?? 4 * 1024 * 1024);

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Hears what the kernel tells these groups, until the signal is aborted. A queue that has run over (ENOBUFS, netlink(7))
 * goes on with what fits again; a socket that fails otherwise, or cannot be had, is opened anew, later each time. Says
 * whether it hears at the moment.
 */
export function subscribe(
	protocol: number,
	groups: readonly number[],
	ears: Handlers,
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
			return later();
		}
		socket.on('message', (bytes) => {
			failures = 0;
			take(bytes, ears);
		});
		socket.on('truncatedMessage', ears.onLost).on('error', failed);
		if (failures > 0) ears.onLost();
	};
	const later = () => {
		setTimeout(open, Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS)).unref();
		failures += 1;
	};
	const failed = (error: NodeJS.ErrnoException) => {
		if (error.code === 'ENOBUFS') return ears.onLost();
		close();
		later();
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

/** What cannot be understood is as good as lost. */
function take(bytes: Buffer, { onMessages, onLost }: Handlers): void {
	try {
		onMessages(bytes);
	} catch {
		onLost();
	}
}
