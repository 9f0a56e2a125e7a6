import type { Family } from '../values/units.ts';

export type Dialect = 'iptables-nft' | 'iptables-legacy';

/** One dialect's firewall of this network namespace, both families. */
export interface Firewall {
	readonly dialect: Dialect;
	/** All tables with their counters, as `iptables-save -c` prints them; '' where the kernel has none yet. */
	read(family: Family, signal: AbortSignal): Promise<string>;
	/** Whether mangle has this built-in chain already; nft-backed iptables makes it when it is first needed. */
	hasMangle(family: Family, chain: 'PREROUTING' | 'OUTPUT'): Promise<boolean>;
	/** Rejects with iptables' own message if the document cannot be committed; changes nothing. */
	check(family: Family, document: string, signal: AbortSignal): Promise<void>;
	/** Commits a document for `iptables-restore --noflush`, waiting for the xtables lock. */
	commit(family: Family, document: string, signal: AbortSignal): Promise<void>;
}

/** Chains by their table: every name that one of ours can have, and those of the kernel that lead to them. */
export type ChainNames = Readonly<
	Record<'mangle' | 'nat', { readonly own: readonly string[]; readonly parents: readonly string[] }>
>;
