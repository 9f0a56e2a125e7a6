import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { Family } from '../units.ts';
import { attributesOf, elementsOf, textOf } from './attributes.ts';
import { question } from './chains.ts';

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE and NFT_MSG_NEWRULE (linux/netfilter/nf_tables.h). */
const GET_RULE = (10 << 8) | 7;
const NEW_RULE = (10 << 8) | 6;
/** NLM_F_DUMP, and NLM_F_DUMP_INTR: somebody has changed it while we were reading (linux/netlink.h). */
const DUMP = 0x300;
const INTERRUPTED = 0x10;
/** NFT_MSG_GETGEN. */
const GET_GENERATION = (10 << 8) | 16;
const NFTA_GEN_ID = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_HANDLE = 3;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_COUNTER_BYTES = 1;
const NFTA_COUNTER_PACKETS = 2;
/** sizeof(struct nfgenmsg). */
const FIXED_BYTES = 4;
const TIMEOUT_MS = 2_000;

/** Another number after each commit to nftables in this network namespace, whoever's it is; undefined where nobody says. */
export async function readGeneration(socket: NetlinkSocket): Promise<number | undefined> {
	const [[message]] = await socket.request(GET_GENERATION, Buffer.alloc(FIXED_BYTES), { timeout: TIMEOUT_MS });
	return attributesOf(message?.data.subarray(FIXED_BYTES)).get(NFTA_GEN_ID)?.readUInt32BE();
}

/** A rule as the kernel has it. */
export interface RulePrint {
	/** All but what it counts: the same for the same rule. */
	readonly print: string;
	/** Of this rule alone: the kernel gives none of them twice (nf_tables_alloc_handle). */
	readonly handle: string;
	/** As `iptables-save -c` writes it. */
	readonly counted: string;
}

/** The rules of a chain; none where there is no such chain. */
export async function readPrints(
	socket: NetlinkSocket,
	family: Family,
	table: string,
	chain: string,
): Promise<readonly RulePrint[]> {
	const asked = question(family, table, NFTA_RULE_CHAIN, chain);
	const [messages] = await socket.request(GET_RULE, asked, { flags: DUMP, timeout: TIMEOUT_MS });
	if (messages.some(({ flags }) => (flags & INTERRUPTED) !== 0)) throw new Error('the rules changed while being read');
	return messages.filter(({ type }) => type === NEW_RULE).map(({ data }) => rulePrintOf(data));
}

function rulePrintOf(data: Buffer): RulePrint {
	const attributes = attributesOf(data.subarray(FIXED_BYTES));
	const expressions = elementsOf(attributes.get(NFTA_RULE_EXPRESSIONS)).map(([, bytes]) => bytes);
	const userData = attributes.get(NFTA_RULE_USERDATA)?.toString('latin1') ?? '';
	const counter = expressions.find(isCounter);
	const handle = attributes.get(NFTA_RULE_HANDLE)?.toString('hex') ?? '';
	return { print: [...expressions.map(printOf), userData].join('|'), handle, counted: countedBy(counter) };
}

const isCounter = (expression: Buffer): boolean => textOf(attributesOf(expression).get(NFTA_EXPR_NAME)) === 'counter';

/** A counter is one, whatever it has counted. */
const printOf = (expression: Buffer): string => (isCounter(expression) ? 'counter' : expression.toString('latin1'));

function countedBy(counter: Buffer | undefined): string {
	const counts = attributesOf(attributesOf(counter).get(NFTA_EXPR_DATA));
	const [packets, bytes] = [NFTA_COUNTER_PACKETS, NFTA_COUNTER_BYTES].map((kind) =>
		counts.get(kind)?.readBigUInt64BE(),
	);
	return `[${packets ?? 0}:${bytes ?? 0}]`;
}
