import type { ChainNames } from '../../firewall/firewall.ts';
import { type Family, families } from '../../values/units.ts';
import { attributesOf, textOf } from '../netlink/attributes.ts';
import type { NetlinkNotice } from '../netlink/messages.ts';

/** NFNL_SUBSYS_NFTABLES and its messages (linux/netfilter/nfnetlink.h, nf_tables.h). */
const NFTABLES = 10;
const TABLES = [0, 2];
const NEW_CHAIN = 3;
const CHAINS = [NEW_CHAIN, 5];
/** NLM_F_CREATE (linux/netlink.h). Missing before Linux 5.15, and from `iptables-nft -N`: that chain counts as renamed. */
const CREATED = 0x400;
const RULES = [6, 8];
const NEW_GENERATION = 15;
/** sizeof(struct nfgenmsg), whose first byte is the family: ip or ip6. */
const FIXED_BYTES = 4;
const FAMILIES: ReadonlyMap<number, Family> = new Map([
	[2, 'ipv4'],
	[10, 'ipv6'],
]);
/** NFTA_TABLE_NAME, NFTA_CHAIN_TABLE and NFTA_RULE_TABLE are all 1. */
const TABLE = 1;
const CHAIN_NAME = 3;
const RULE_CHAIN = 2;
const INET = 1;
const GENERATION = { id: 1, pid: 2, name: 3 } as const;

/** The process that committed a transaction. */
export interface Writer {
	readonly pid: number;
	readonly name: string;
}

/** A family whose chains of interest were changed, or `order`: another base chain was added to a hook of ours. */
export type Touched = Family | 'order';

export interface RuleReader {
	/**
	 * Calls back at the end of each transaction that touched chains of interest, or after one that we missed; and at the end
	 * of all of them.
	 */
	readonly take: (
		messages: readonly NetlinkNotice[],
		onChange: (of: Touched, writer: Writer) => void,
		onCommit: () => void,
	) => void;
}

/** Chains of interest by table. */
type WatchedChains = ReadonlyMap<string, ReadonlySet<string>>;

/** Filters nftables' notifications for these chains of nat and mangle, and for all of `ownTable`, `inet turnout`. Cheap for all others. */
export function createRuleChangeReader(chains: ChainNames, ownTable: string): RuleReader {
	const [, ownName] = ownTable.split(' ');
	const interest: WatchedChains = new Map(
		Object.entries(chains).map(([table, { own, parents }]) => [table, new Set([...own, ...parents])]),
	);
	const touched = new Set<Touched>();
	let last: number | undefined;
	const touchedBy = ({ type, flags, body }: NetlinkNotice): readonly Touched[] => {
		if (body[0] === INET && tableIn(body) === ownName) return families;
		const family = FAMILIES.get(body[0] ?? 0);
		const kind = { kind: type & 0xff, isCreated: (flags & CREATED) !== 0 };
		if (family !== undefined && isOfInterest(kind, body, interest)) return [family];
		return isOnOurHooks(kind.kind, body) ? ['order'] : [];
	};
	const inspect = (notice: NetlinkNotice) => {
		for (const each of touchedBy(notice)) touched.add(each);
	};
	const finish = (body: Buffer): Writer => {
		const attributes = attributesOf(body.subarray(FIXED_BYTES));
		const id = attributes.get(GENERATION.id)?.readUInt32BE() ?? 0;
		// Generations count up by one: a gap is a transaction whose messages were lost.
		if (last !== undefined && id !== (last + 1) >>> 0)
			for (const each of [...families, 'order'] as const) touched.add(each);
		last = id;
		return { pid: attributes.get(GENERATION.pid)?.readUInt32BE() ?? 0, name: textOf(attributes.get(GENERATION.name)) };
	};
	return {
		take(messages, onChange, onCommit) {
			for (const message of messages.filter(isOfNftables)) {
				inspect(message);
				if ((message.type & 0xff) !== NEW_GENERATION) continue;
				const writer = finish(message.body);
				onCommit();
				for (const each of touched) onChange(each, writer);
				touched.clear();
			}
		},
	};
}

interface MessageKind {
	readonly kind: number;
	readonly isCreated: boolean;
}

const isOfNftables = ({ type }: NetlinkNotice): boolean => type >> 8 === NFTABLES;

const tableIn = (body: Buffer): string => textOf(attributesOf(body.subarray(FIXED_BYTES)).get(TABLE));

/** A NEWCHAIN for an existing chain is a rename: it may have been one of ours. */
function isOfInterest({ kind, isCreated }: MessageKind, body: Buffer, interest: WatchedChains): boolean {
	const isChain = CHAINS.includes(kind);
	if (!isChain && !RULES.includes(kind) && !TABLES.includes(kind)) return false;
	const attributes = attributesOf(body.subarray(FIXED_BYTES));
	const chains = interest.get(textOf(attributes.get(TABLE)));
	if (chains === undefined) return false;
	if (TABLES.includes(kind) || (kind === NEW_CHAIN && !isCreated)) return true;
	return chains.has(textOf(attributes.get(isChain ? CHAIN_NAME : RULE_CHAIN)));
}

/** NFTA_CHAIN_HOOK, NFTA_HOOK_HOOKNUM; NF_INET_PRE_ROUTING and NF_INET_LOCAL_OUT. */
const CHAIN_HOOK = 4;
const HOOK_NUMBER = 1;
const OUR_HOOKS = [0, 3];

function isOnOurHooks(kind: number, body: Buffer): boolean {
	if (kind !== NEW_CHAIN) return false;
	const hook = attributesOf(attributesOf(body.subarray(FIXED_BYTES)).get(CHAIN_HOOK));
	return OUR_HOOKS.includes(hook.get(HOOK_NUMBER)?.readUInt32BE() ?? -1);
}
