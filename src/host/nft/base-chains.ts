import { isDeepStrictEqual } from 'node:util';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { BaseChain } from '../../firewall/foreign/foreign-rules.ts';
import { attributesOf, textOf } from '../netlink/attributes.ts';

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_… (linux/netfilter/nf_tables.h). */
const NEW_TABLE = 10 << 8;
const GET_TABLE = (10 << 8) | 1;
const NEW_CHAIN = (10 << 8) | 3;
const GET_CHAIN = (10 << 8) | 4;
/** NLM_F_DUMP, and NLM_F_DUMP_INTR (linux/netlink.h). */
const DUMP = 0x300;
const INTERRUPTED = 0x10;
/** sizeof(struct nfgenmsg), whose first byte is the family. */
const FIXED_BYTES = 4;
const TIMEOUT_MS = 2_000;
const MAX_ANSWERS = 5;
/** NFTA_TABLE_… and NFTA_CHAIN_…, NFTA_HOOK_…. */
const TABLE = { name: 1, flags: 2, handle: 4 } as const;
const CHAIN = { table: 1, handle: 2, name: 3, hook: 4, policy: 5, use: 6, type: 7 } as const;
const HOOK = { number: 1, priority: 2 } as const;
/** NFT_TABLE_F_DORMANT: its chains are not active. */
const DORMANT = 1;
const NF_DROP = 0;

const FAMILIES: ReadonlyMap<number, BaseChain['family']> = new Map([
	[1, 'inet'],
	[2, 'ip'],
	[10, 'ip6'],
]);
/** NF_INET_…: the hooks that matter here. */
const HOOKS = ['prerouting', 'input', 'forward', 'output'] as const;

export interface KernelChain extends Omit<BaseChain, 'seen'> {
	/** Unique as long as the kernel runs. */
	readonly id: string;
}

/**
 * Every base chain on these hooks. Somebody's commit that the kernel still prepares makes it list chains twice or leave some
 * out, without a word (nf_tables_dump_chains counts chains that are not active yet in one part of its answer and not in the
 * next): what two answers in a row agree on is taken.
 */
export async function readBaseChains(socket: NetlinkSocket): Promise<readonly KernelChain[]> {
	let last: readonly KernelChain[] | undefined;
	for (let times = 0; times < MAX_ANSWERS; times += 1) {
		const found = await listBaseChains(socket);
		if (isDeepStrictEqual(found, last)) return found;
		last = found;
	}
	throw new Error('the rules changed while being read');
}

async function listBaseChains(socket: NetlinkSocket): Promise<readonly KernelChain[]> {
	const tables = new Map((await dump(socket, GET_TABLE, NEW_TABLE)).map(tableOf));
	const chains = (await dump(socket, GET_CHAIN, NEW_CHAIN)).flatMap((data) => chainOf(data, tables));
	return [...new Map(chains.map((chain) => [chain.id, chain])).values()];
}

async function dump(socket: NetlinkSocket, question: number, answer: number): Promise<readonly Buffer[]> {
	const [messages] = await socket.request(question, Buffer.alloc(FIXED_BYTES), { flags: DUMP, timeout: TIMEOUT_MS });
	if (messages.some(({ flags }) => (flags & INTERRUPTED) !== 0)) throw new Error('the rules changed while being read');
	return messages.filter(({ type }) => type === answer).map(({ data }) => data);
}

interface KernelTable {
	readonly handle: string;
	readonly isDormant: boolean;
}

function tableOf(data: Buffer): readonly [name: string, table: KernelTable] {
	const attributes = attributesOf(data.subarray(FIXED_BYTES));
	const flags = attributes.get(TABLE.flags)?.readUInt32BE() ?? 0;
	const handle = attributes.get(TABLE.handle)?.toString('hex') ?? '';
	return [`${data[0]} ${textOf(attributes.get(TABLE.name))}`, { handle, isDormant: (flags & DORMANT) !== 0 }];
}

function chainOf(data: Buffer, tables: ReadonlyMap<string, KernelTable>): KernelChain[] {
	const attributes = attributesOf(data.subarray(FIXED_BYTES));
	const place = attributesOf(attributes.get(CHAIN.hook));
	const family = FAMILIES.get(data[0] ?? 0);
	const hook = HOOKS[place.get(HOOK.number)?.readUInt32BE() ?? HOOKS.length];
	const table = textOf(attributes.get(CHAIN.table));
	const { handle, isDormant } = tables.get(`${data[0]} ${table}`) ?? { handle: '', isDormant: false };
	if (family === undefined || hook === undefined || isDormant) return [];
	return [
		{
			...{ family, hook, table, chain: textOf(attributes.get(CHAIN.name)), type: textOf(attributes.get(CHAIN.type)) },
			priority: place.get(HOOK.priority)?.readInt32BE() ?? 0,
			dropsRest: attributes.get(CHAIN.policy)?.readUInt32BE() === NF_DROP,
			rules: attributes.get(CHAIN.use)?.readUInt32BE() ?? 0,
			id: `${handle} ${attributes.get(CHAIN.handle)?.toString('hex')}`,
		},
	];
}
