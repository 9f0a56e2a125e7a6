import { Flags, MessageType, Protocol } from 'netlink/dist/constants.js';
import { parseError, parseMessages } from 'netlink/dist/structs.js';
import { formatAttribute } from '../netlink/attributes.ts';
import { errnoOf } from '../netlink/errno.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import {
	DELETE,
	DST_NAT,
	type Entry,
	GET,
	HEADER_BYTES,
	has,
	headerOf,
	ID,
	isTerminated,
	ORIGINAL,
	parseEntry,
	REPLY,
	SRC_NAT,
	STATUS,
	STATUS_MASK,
	type Tuple,
	tupleOf,
} from './entry.ts';

/** NLM_F_DUMP (linux/netlink.h). */
const DUMP = 0x300;
const TIMEOUT_MS = 2_000;
const DUMP_TIMEOUT_MS = 10_000;
const NONE = Buffer.alloc(0);

/** Identifies a tracked connection to the kernel, and no later one between the same ends. */
export type Name = Buffer;

/** Connections that are redirected to these ports of local addresses. */
export const readTranslatedTo = (ports: ReadonlySet<number>, isLocal: (bytes: Buffer) => boolean): Promise<Name[]> =>
	dumpEntries({ bits: DST_NAT, mask: DST_NAT }, (entry) => {
		// The reply comes from where the connection was redirected to.
		const reply = tupleOf(entry, REPLY);
		const isOurs = reply !== undefined && ports.has(reply.fromPort) && isLocal(reply.from);
		return has(entry, DST_NAT) && isOurs ? nameOf(entry) : undefined;
	});

/** What `pick` makes of entries without NAT that have not ended; `ends` is the opener's direction. */
export const listOpenEntries = <T>(pick: (ends: Tuple, name: () => Name) => T | undefined): Promise<T[]> =>
	dumpEntries({ bits: 0, mask: SRC_NAT | DST_NAT }, (entry) => {
		const ends = tupleOf(entry, ORIGINAL);
		const isAsked = !has(entry, SRC_NAT | DST_NAT) && !isTerminated(entry);
		return ends !== undefined && isAsked ? pick(ends, () => nameOf(entry)) : undefined;
	});

/** Deletes entries; ones that are gone already do not matter. */
export async function deleteEntries(names: readonly Name[]): Promise<void> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		for (const name of names)
			await socket.request(DELETE, name, { timeout: TIMEOUT_MS }).catch((error) => {
				if (errnoOf(error) !== 'ENOENT') throw error;
			});
	} finally {
		socket.close();
	}
}

const nameOf = ({ family, attributes }: Entry): Name => {
	const named = [ORIGINAL, ID].map((kind) => formatAttribute([kind, attributes.get(kind) ?? NONE]));
	return Buffer.concat([headerOf(family), ...named]);
};

interface Filter {
	/** Which bits of the mask are set. */
	readonly bits: number;
	readonly mask: number;
}

/**
 * Dumps the table and picks entries as they arrive: a busy host tracks tens of thousands, and the netlink package would
 * keep all of them until the last. Kernels before 5.17 ignore the filter.
 */
async function dumpEntries<T>({ bits, mask }: Filter, pick: (entry: Entry) => T | undefined): Promise<T[]> {
	const socket = openNetlink(Protocol.NETFILTER);
	socket.ref();
	const found: T[] = [];
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	const late = setTimeout(() => reject(new Error('the kernel does not answer')), DUMP_TIMEOUT_MS);
	socket.on('error', reject);
	socket.socket.on('message', (bytes) => {
		for (const { type, data, flags } of parseMessages(bytes)) {
			if (type === MessageType.ERROR) reject(new Error(`the kernel refuses: error ${parseError(data, flags).errno}`));
			else if (type === MessageType.DONE) resolve();
			else found.push(...present(pick(parseEntry(data))));
		}
	});
	try {
		const filter = [formatAttribute([STATUS, bigEndian(bits)]), formatAttribute([STATUS_MASK, bigEndian(mask)])];
		socket.send(GET, Buffer.concat([Buffer.alloc(HEADER_BYTES), ...filter]), { flags: Flags.REQUEST | DUMP });
		await promise;
		return found;
	} finally {
		clearTimeout(late);
		socket.close();
	}
}

const present = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

function bigEndian(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
