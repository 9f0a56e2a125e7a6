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
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
const NFTA_EXPR_NAME = 1;
/** sizeof(struct nfgenmsg). */
const FIXED_BYTES = 4;
const TIMEOUT_MS = 2_000;

/** The rules of a chain, each as the kernel has it, without what it counts; none where there is no such chain. */
export async function readPrints(
	socket: NetlinkSocket,
	family: Family,
	table: string,
	chain: string,
): Promise<readonly string[]> {
	const asked = question(family, table, NFTA_RULE_CHAIN, chain);
	const [messages] = await socket.request(GET_RULE, asked, { flags: DUMP, timeout: TIMEOUT_MS });
	if (messages.some(({ flags }) => (flags & INTERRUPTED) !== 0)) throw new Error('the rules changed while being read');
	return messages.filter(({ type }) => type === NEW_RULE).map(({ data }) => printOf(data));
}

function printOf(data: Buffer): string {
	const attributes = attributesOf(data.subarray(FIXED_BYTES));
	const expressions = elementsOf(attributes.get(NFTA_RULE_EXPRESSIONS));
	return [
		...expressions.map(([, bytes]) => expressionPrint(bytes)),
		attributes.get(NFTA_RULE_USERDATA)?.toString('latin1') ?? '',
	].join('|');
}

/** A counter is one, whatever it has counted. */
const expressionPrint = (expression: Buffer): string =>
	textOf(attributesOf(expression).get(NFTA_EXPR_NAME)) === 'counter' ? 'counter' : expression.toString('latin1');
