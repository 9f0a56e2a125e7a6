import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { NftProgram } from '../../firewall/nft/nft-program.ts';
import { attributesOf, formatAttribute, textOf } from '../netlink/attributes.ts';
import { errnoOf } from '../netlink/errno.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { readGeneration } from './nft-rules.ts';

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWOBJ and NFT_MSG_GETOBJ (linux/netfilter/nf_tables.h). */
const NEW_OBJECT = (10 << 8) | 18;
const GET_OBJECT = (10 << 8) | 19;
const DUMP = 0x300;
/** NFTA_OBJ_…, and NFTA_COUNTER_PACKETS. */
const OBJECT = { table: 1, name: 2, data: 4 } as const;
const PACKETS = 2;
/** struct nfgenmsg, whose first byte is the family: NFPROTO_INET. */
const HEADER = Buffer.from([1, 0, 0, 0]);
const TIMEOUT_MS = 2_000;

/**
 * What can be asked without starting a program. The sockets stay open: when one is closed the kernel waits until all that was
 * deleted before is freed (nft_rcv_nl_event, nf_tables_api.c). Each takes one question at a time.
 */
export function createTableReader(table: string): TableReader {
	const [, name = ''] = table.split(' ');
	return {
		generation: overSocket(readGeneration),
		counters: overSocket((socket) => readCounters(socket, name)),
		flags: overSocket((socket) => readFlags(socket, name)),
	};
}

interface TableReader extends Pick<NftProgram, 'generation' | 'counters'> {
	/** Such as `dormant`; `absent` where there is no table; undefined where the kernel does not say. */
	readonly flags: () => Promise<readonly string[] | 'absent' | undefined>;
}

/** NFT_MSG_GETTABLE, NFTA_TABLE_NAME and NFTA_TABLE_FLAGS; NFT_TABLE_F_…, by their bits. */
const GET_TABLE = (10 << 8) | 1;
const TABLE_NAME = 1;
const TABLE_FLAGS = 2;
const FLAGS = ['dormant', 'owner', 'persist'];

async function readFlags(socket: NetlinkSocket, name: string): Promise<readonly string[] | 'absent'> {
	const question = [HEADER, formatAttribute([TABLE_NAME, Buffer.from(`${name}\0`)])];
	try {
		const [[message]] = await socket.request(GET_TABLE, question, { timeout: TIMEOUT_MS });
		const flags = attributesOf(message?.data.subarray(HEADER.length)).get(TABLE_FLAGS)?.readUInt32BE() ?? 0;
		return FLAGS.filter((_, bit) => (flags & (1 << bit)) !== 0);
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return 'absent';
		throw error;
	}
}

/** Undefined where the kernel does not answer. */
function overSocket<T>(ask: (socket: NetlinkSocket) => Promise<T>): () => Promise<T | undefined> {
	let socket: NetlinkSocket | undefined;
	return async () => {
		try {
			socket ??= openNetlink(Protocol.NETFILTER);
			return await ask(socket);
		} catch {
			// The answer may still come: not to the next question.
			socket?.close();
			socket = undefined;
			return undefined;
		}
	};
}

async function readCounters(socket: NetlinkSocket, name: string): Promise<ReadonlyMap<string, number>> {
	const question = [HEADER, formatAttribute([OBJECT.table, Buffer.from(`${name}\0`)])];
	const [messages] = await socket.request(GET_OBJECT, question, { flags: DUMP, timeout: TIMEOUT_MS });
	return new Map(
		messages
			.filter(({ type }) => type === NEW_OBJECT)
			.map(({ data }) => {
				const object = attributesOf(data.subarray(HEADER.length));
				const packets = attributesOf(object.get(OBJECT.data)).get(PACKETS)?.readBigUInt64BE() ?? 0n;
				return [textOf(object.get(OBJECT.name)), Number(packets)] as const;
			}),
	);
}
