import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { Family } from '../../values/units.ts';
import { attributesOf, eachAttribute, HEADER_BYTES } from '../netlink/attributes.ts';
import type { Lister } from '../netlink/dump.ts';
import { question } from './nft-chains.ts';

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE and NFT_MSG_NEWRULE (linux/netfilter/nf_tables.h). */
const GET_RULE = (10 << 8) | 7;
const NEW_RULE = (10 << 8) | 6;
/** NFT_MSG_GETGEN. */
const GET_GENERATION = (10 << 8) | 16;
const NFTA_GEN_ID = 1;
const NFTA_RULE_CHAIN = 2;
const NFTA_RULE_HANDLE = 3;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_RULE_USERDATA = 7;
/** Attributes of an expression, and of a counter: its data has bytes and packets. */
const NFTA_EXPR_DATA = 2;
const NFTA_COUNTER_BYTES = 1;
/** sizeof(struct nfgenmsg). */
const FIXED_BYTES = 4;
const TIMEOUT_MS = 2_000;

/** The number changes with each commit to nftables in this network namespace; undefined where the kernel does not tell it. */
export async function readGeneration(socket: NetlinkSocket): Promise<number | undefined> {
	const [[message]] = await socket.request(GET_GENERATION, Buffer.alloc(FIXED_BYTES), { timeout: TIMEOUT_MS });
	return attributesOf(message?.data.subarray(FIXED_BYTES)).get(NFTA_GEN_ID)?.readUInt32BE();
}

/** A rule in the kernel. */
export interface RuleFingerprint {
	/** The rule without its counters: the same for rules that say the same. */
	readonly fingerprint: string;
	/** Unique: the kernel never gives one twice (nf_tables_alloc_handle). */
	readonly handle: number;
	/** As `iptables-save -c` prints them. */
	readonly counters: string;
}

/**
 * The rules of a chain; none where there is no such chain. Rules that are as in `former` are the same objects, so frequent
 * reads leave no garbage.
 */
export async function readFingerprints(
	{ list }: Lister,
	family: Family,
	{ table, chain }: { readonly table: string; readonly chain: string },
	former: readonly RuleFingerprint[],
): Promise<readonly RuleFingerprint[]> {
	const known = new Map(former.map((rule) => [rule.handle, rule]));
	const rules: RuleFingerprint[] = [];
	await list(GET_RULE, question(family, table, NFTA_RULE_CHAIN, chain), (type, bytes, from, to) => {
		if (type === NEW_RULE) rules.push(fingerprintOf(bytes, from + FIXED_BYTES, to, known));
	});
	return rules;
}

/**
 * Parsed in place, without an object for each attribute: for five thousand rules those would take longer than the rest of
 * a repair. The counters are zeroed before the fingerprint is taken.
 */
function fingerprintOf(
	data: Buffer,
	start: number,
	end: number,
	known: ReadonlyMap<number, RuleFingerprint>,
): RuleFingerprint {
	const found = { handle: 0, expressions: '', userData: '', counters: NOTHING };
	eachAttribute(data, start, end, (kind, from, to) => {
		if (kind === NFTA_RULE_HANDLE) found.handle = readNumber(data, from);
		if (kind === NFTA_RULE_USERDATA) found.userData = data.toString('latin1', from, to);
		if (kind !== NFTA_RULE_EXPRESSIONS) return;
		found.counters = takeCounted(data, from, to);
		found.expressions = data.toString('latin1', from, to);
	});
	const { handle, counters, expressions, userData } = found;
	const fingerprint = `${expressions}|${userData}`;
	const former = known.get(handle);
	if (former?.fingerprint !== fingerprint) return { fingerprint, handle, counters };
	return former.counters === counters ? former : { ...former, counters };
}

/** The counters of most rules. */
const NOTHING = '[0:0]';

/** Reads the rule's counter and zeroes it. */
function takeCounted(data: Buffer, from: number, to: number): string {
	let [packets, bytes] = [0, 0];
	eachAttribute(data, from, to, (_, start, end) => {
		if (!isCounter(data, start)) return;
		eachAttribute(data, start, end, (kind, inner, innerEnd) => {
			if (kind !== NFTA_EXPR_DATA) return;
			eachAttribute(data, inner, innerEnd, (which, at, after) => {
				if (which === NFTA_COUNTER_BYTES) bytes = readNumber(data, at);
				else packets = readNumber(data, at);
				data.fill(0, at, after);
			});
		});
	});
	return packets === 0 && bytes === 0 ? NOTHING : `[${packets}:${bytes}]`;
}

/** An expression begins with its name; of ct, cmp, connlimit and counter only this one begins with `cou`. */
const isCounter = (data: Buffer, at: number): boolean =>
	data[at + HEADER_BYTES] === 0x63 && data[at + HEADER_BYTES + 1] === 0x6f && data[at + HEADER_BYTES + 2] === 0x75;

/** A big-endian u64; no rule counts beyond 2^53. */
const readNumber = (data: Buffer, at: number): number => data.readUInt32BE(at) * 2 ** 32 + data.readUInt32BE(at + 4);
