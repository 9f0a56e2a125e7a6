import type { Family } from '../../values/units.ts';
import type { CgroupAt } from '../cgroup-comment.ts';
import type { IptablesDialect } from '../firewall.ts';
import type { InstalledSet, IpSet } from './ip-set.ts';

/** iptables-save and iptables-restore of one dialect in this network namespace, both families. */
export interface IptablesProgram {
	readonly dialect: IptablesDialect;
	readonly sets: SetProgram;
	readonly cgroupAt: CgroupAt;
	/** As a person calls it, such as `ip6tables-nft`; '' where it is not installed. */
	name(family: Family): string;
	/** All tables with their counters, as `iptables-save -c` prints them; '' where the kernel has none yet. */
	read(family: Family, signal: AbortSignal): Promise<string>;
	/** Whether mangle has this built-in chain already; nft-backed iptables makes it when it is first needed. */
	hasMangleChain(family: Family, chain: 'PREROUTING' | 'OUTPUT'): Promise<boolean>;
	/** Rejects where iptables cannot print what is there: what is committed then could not be read back or removed. */
	check(family: Family, signal: AbortSignal): Promise<void>;
	/**
	 * Commits a document for `iptables-restore --noflush`, table by table, waiting for the xtables lock. Rejects with
	 * iptables' own message; the tables before the one that was refused are committed then.
	 */
	commit(family: Family, document: string, signal: AbortSignal): Promise<void>;
}

/** The sets with a name of ours in this network namespace. Both dialects use the same. */
export interface SetProgram {
	/** None where the kernel has no sets. */
	read(): Promise<readonly InstalledSet[]>;
	/** Creates it, or gives one that is there these entries at once. */
	put(set: IpSet, isThere: boolean): Promise<void>;
	/** Leaves it where a rule uses it. */
	remove(name: string): Promise<void>;
}
