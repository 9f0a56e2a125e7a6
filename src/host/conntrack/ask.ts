import { Flags, MessageType } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { parseMessages } from 'netlink/dist/structs.js';
import type { Failure } from '../../failure.ts';

const TIMEOUT_MS = 2_000;

/** Resolves to the answer; undefined if there is none, or if the kernel answers with the harmless error. */
export type Ask = (request: Buffer) => Promise<Buffer | undefined>;

export interface Asking {
	readonly type: number;
	readonly flags: number;
	/** A negative errno that counts as an answer. */
	readonly harmless: number;
	readonly refuse: (why: string) => Failure;
}

/**
 * Requests without a dump. The netlink package's own `request` would wait for the end of a list forever, as the kernel
 * marks each answer as part of one (ctnetlink_fill_info).
 */
export function createAsk(socket: NetlinkSocket, { type: asked, flags: more, harmless, refuse }: Asking): Ask {
	const waiting = new Map<number, (answer: Buffer | undefined, error: number) => void>();
	const answers = new Map<number, Buffer>();
	socket.socket.on('message', (bytes) => {
		for (const { type, seq, data } of parseMessages(bytes)) {
			if (type !== MessageType.ERROR) answers.set(seq, data);
			// The acknowledgement, which follows the answer, or the error.
			else waiting.get(seq)?.(answers.get(seq), data.readInt32LE());
		}
	});
	return (request) =>
		new Promise((resolve, reject) => {
			const late = setTimeout(() => reject(refuse('it does not answer')), TIMEOUT_MS);
			const flags = Flags.REQUEST | Flags.ACK | more;
			const seq = socket.send(asked, request, { flags }, (error) => (error ? reject(error) : undefined));
			waiting.set(seq, (answer, error) => {
				clearTimeout(late);
				if (error === 0 || error === harmless) resolve(answer);
				else reject(refuse(`error ${-error}`));
			});
		});
}
