import type { ChainName, Hook, TableName } from '../../ruleset/model.ts';
import type { Family } from '../../values/units.ts';
import { nftPriorities } from '../chain-priorities.ts';

/** The table that is ours: what is there, or what should be. One table for both families. */
export interface NftTable {
	/** A table may be there without anything in it. */
	readonly exists: boolean;
	readonly chains: readonly NftChain[];
	/** The packets that the named counters have seen. */
	readonly counters: ReadonlyMap<string, number>;
	/** Of what is there. */
	readonly sets: readonly ListSet[];
	/** Whatever else somebody has put into it, such as `set blocked`, or made of it, such as `flags dormant`. */
	readonly others: readonly string[];
}

export interface NftChain {
	readonly name: string;
	/** Of a base chain: `type nat hook output priority -101; policy accept;`. Undefined: other chains lead to it. */
	readonly base?: string;
	/** As this folder spells them, comment included: with their lists, also where these are in sets with names. */
	readonly rules: readonly string[];
}

/**
 * A list with ranges is in a set with a name, and never changes: another list is another set. It is made in a transaction
 * before that of the rules that look it up. In a live change connections went past rules with a set of ranges of their own
 * transaction (Linux 6.18), as if the kernel filled it only after the rules were in force.
 */
export interface ListSet {
	readonly name: string;
	readonly type: string;
	/** `{ 10.0.0.0/8, 192.0.2.0/24 }`. */
	readonly elements: string;
	/** By a rule. */
	readonly isUsed: boolean;
}

export const TABLE = 'inet turnout';

export const noTable: NftTable = { exists: false, chains: [], counters: new Map(), sets: [], others: [] };

/** `nat_output`. */
export const baseChainOf = (table: TableName, at: Hook['at']): string => `${table}_${at.toLowerCase()}`;

/** `route`: a packet that gets our mark is routed anew. */
export const baseOf = (table: TableName, at: Hook['at']): string => {
	const type = table === 'nat' ? 'nat' : at === 'OUTPUT' ? 'route' : 'filter';
	return `type ${type} hook ${at.toLowerCase()} priority ${nftPriorities[table]}; policy accept;`;
};

/** `nat_egress_ipv4`. */
export const chainOf = (table: TableName, name: ChainName, family: Family): string =>
	`${scopeOf(table, name)}_${family}`;

/** `nat_egress`: the same for both families. */
export const scopeOf = (table: TableName, name: ChainName): string =>
	`${table}_${name.replace(/^APPMESH_/, '').toLowerCase()}`;

export const tableNameOf = (chain: string): TableName => (chain.startsWith('mangle_') ? 'mangle' : 'nat');

/** By the chain, or by what a base chain asks of its packets. */
export const familyOf = (chain: string, rule = ''): Family =>
	chain.endsWith('_ipv6') || rule.startsWith('meta nfproto ipv6 ') ? 'ipv6' : 'ipv4';

/** A rule that leads to a chain of ours. */
export const targetOf = (rule: string): string => / jump (\S+)(?: comment "[^"]*")?$/.exec(rule)?.[1] ?? '';
