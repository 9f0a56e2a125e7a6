import { MessageType, type Protocol } from 'netlink/dist/constants.js';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { formatMessage } from 'netlink/dist/structs.js';
import { answering } from './open-socket.ts';

/** One message of a list, read where it lies: its type, and where in what came its body begins and ends. */
export type OnPart = (type: number, bytes: Buffer, from: number, to: number) => void;

/** Asks the kernel for lists, one at a time. */
export interface Lister {
	/** Resolves at the list's end; rejects where there is none, or it has changed while it was read. */
	readonly list: (type: number, question: readonly Buffer[], onPart: OnPart) => Promise<void>;
	readonly close: () => void;
}

/** NLM_F_REQUEST | NLM_F_DUMP, and NLM_F_DUMP_INTR: somebody has changed it meanwhile (linux/netlink.h). */
const DUMP = 0x301;
const INTERRUPTED = 0x10;
/** sizeof(struct nlmsghdr), and where in it type and flags are. */
const HEADER_BYTES = 16;
const TYPE_AT = 4;
const FLAGS_AT = 6;
const TIMEOUT_MS = 5_000;

/** Each part is looked at as it comes: a list of thousands kept as objects until its end costs more than all else. */
export function openLister(protocol: Protocol): Lister {
	const socket = new RawNetlinkSocket(protocol, answering);
	socket.unref();
	let sequence = 0;
	let giveUp: (why: Error) => void = () => undefined;
	const list: Lister['list'] = (type, question, onPart) =>
		new Promise((resolve, reject) => {
			const end = (error?: unknown) => {
				clearTimeout(late);
				socket.off('message', hear).off('error', end).off('truncatedMessage', tooLong).unref();
				giveUp = () => undefined;
				if (error === undefined) resolve();
				else reject(error);
			};
			const hear = (bytes: Buffer) => {
				try {
					if (takeParts(bytes, onPart)) end();
				} catch (error) {
					end(error);
				}
			};
			const tooLong = () => end(new Error('a part of the list is too long'));
			const late = setTimeout(() => end(new Error('the kernel does not answer')), TIMEOUT_MS);
			socket.on('message', hear).on('error', end).on('truncatedMessage', tooLong).ref();
			giveUp = end;
			sequence += 1;
			const message = formatMessage({
				type,
				flags: DUMP,
				seq: sequence,
				port: socket.address().port,
				data: [...question],
			});
			socket.send(message, undefined, (error) => (error === undefined ? undefined : end(error)));
		});
	const close = () => {
		giveUp(new Error('it is not asked any more'));
		socket.close();
	};
	return { list, close };
}

/** Whether the list is at its end. */
function takeParts(bytes: Buffer, onPart: OnPart): boolean {
	for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		const type = bytes.readUInt16LE(at + TYPE_AT);
		if ((bytes.readUInt16LE(at + FLAGS_AT) & INTERRUPTED) !== 0) throw new Error('the list changed while being read');
		if (type === MessageType.DONE) return true;
		// Of a chain, or a table, that is not there.
		if (type === MessageType.ERROR) return endOrError(bytes.readInt32LE(at + HEADER_BYTES));
		if (length < HEADER_BYTES) throw new Error('the kernel sent what is no message');
		onPart(type, bytes, at + HEADER_BYTES, at + length);
		at += (length + 3) & ~3;
	}
	return false;
}

function endOrError(code: number): boolean {
	if (code === 0) return true;
	throw new Error(`the kernel refuses: error ${-code}`);
}
