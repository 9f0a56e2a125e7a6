import { MessageType, type Protocol } from 'netlink/dist/constants.js';
import { RawNetlinkSocket } from 'netlink/dist/raw.js';
import { formatMessage } from 'netlink/dist/structs.js';
import { answering } from './open-socket.ts';

/** One message of a dump, without a copy: its type, and the offsets of its body in `bytes`. */
export type OnPart = (type: number, bytes: Buffer, from: number, to: number) => void;

/** Requests dumps, one at a time. */
export interface Lister {
	/** Resolves at the end of the dump; rejects on errors, and if the list changed while it was read. */
	readonly list: (type: number, question: readonly Buffer[], onPart: OnPart) => Promise<void>;
	readonly close: () => void;
}

/** NLM_F_REQUEST | NLM_F_DUMP, and NLM_F_DUMP_INTR: the list changed meanwhile (linux/netlink.h). */
const DUMP = 0x301;
const INTERRUPTED = 0x10;
/** sizeof(struct nlmsghdr), and the offsets of type and flags. */
const HEADER_BYTES = 16;
const TYPE_AT = 4;
const FLAGS_AT = 6;
const TIMEOUT_MS = 5_000;

/** Handles each part as it arrives: keeping thousands of messages as objects would cost more than all the rest. */
export function openLister(protocol: Protocol): Lister {
	const socket = new RawNetlinkSocket(protocol, answering);
	socket.unref();
	let sequence = 0;
	let cancel: (why: Error) => void = () => undefined;
	const list: Lister['list'] = (type, question, onPart) =>
		new Promise((resolve, reject) => {
			const end = (error?: unknown) => {
				clearTimeout(late);
				socket.off('message', onMessage).off('error', end).off('truncatedMessage', tooLong).unref();
				cancel = () => undefined;
				if (error === undefined) resolve();
				else reject(error);
			};
			const onMessage = (bytes: Buffer) => {
				try {
					if (takeParts(bytes, onPart)) end();
				} catch (error) {
					end(error);
				}
			};
			const tooLong = () => end(new Error('a part of the list is too long'));
			const late = setTimeout(() => end(new Error('the kernel does not answer')), TIMEOUT_MS);
			socket.on('message', onMessage).on('error', end).on('truncatedMessage', tooLong).ref();
			cancel = end;
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
		cancel(new Error('the socket was closed'));
		socket.close();
	};
	return { list, close };
}

/** Whether this was the end of the dump. */
function takeParts(bytes: Buffer, onPart: OnPart): boolean {
	for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
		const length = bytes.readUInt32LE(at);
		const type = bytes.readUInt16LE(at + TYPE_AT);
		if ((bytes.readUInt16LE(at + FLAGS_AT) & INTERRUPTED) !== 0) throw new Error('the list changed while being read');
		if (type === MessageType.DONE) return true;
		// For example, no such chain or table.
		if (type === MessageType.ERROR) return endOrError(bytes.readInt32LE(at + HEADER_BYTES));
		if (length < HEADER_BYTES) throw new Error('the kernel sent an invalid message');
		onPart(type, bytes, at + HEADER_BYTES, at + length);
		at += (length + 3) & ~3;
	}
	return false;
}

function endOrError(code: number): boolean {
	if (code === 0) return true;
	throw new Error(`the kernel refuses: error ${-code}`);
}
