import type { Ruleset, TableName } from '../ruleset/model.ts';
import type { ByFamily, Family } from '../values/units.ts';
import type { ForeignRules } from './foreign/foreign-rules.ts';
import type { RuleCounters } from './rule-counters.ts';

export type Dialect = 'iptables-nft' | 'iptables-legacy';

/** The rules that should be there; an empty ruleset: none in this family. */
export type RulesByFamily = ByFamily<Ruleset>;

/** The rules of one dialect in this network namespace, both families. */
export interface Firewall {
	readonly dialect: Dialect;
	/** What of ours is installed now. */
	read(signal: AbortSignal): Promise<Installed>;
	/** Reads only these families again; of the other one `last` is believed. */
	reread(last: Installed, families: readonly Family[], signal: AbortSignal): Promise<Installed>;
	/**
	 * Installs what is desired and reads it back; changes nothing where it is there already. When it rejects, what was
	 * there before is there again. Whoever changes the rules at the same moment makes it try again, a few times.
	 */
	apply(desired: Desired, signal: AbortSignal, options?: ApplyOptions): Promise<Installed>;
	/** Removes whatever bears our names, the 2019 script's included; in all else like `apply`. */
	remove(removal: Removal, signal: AbortSignal): Promise<Installed>;
	/**
	 * Of nat chains of one priority the kernel asks the newest first. Makes ours anew where somebody else's are newer;
	 * resolves to a line for each. `last`: read a moment ago.
	 */
	claim(
		others: Pick<ForeignRules, 'chains' | 'legacyNat'>,
		last: Installed,
		families: readonly Family[],
		signal: AbortSignal,
	): Promise<readonly string[]>;
	takeCheckpoint(signal: AbortSignal): Promise<RuleCheckpoint>;
	/** Back to the checkpoint. Where it holds no rules that capture, this is `remove` with `keepConntrack`. */
	restore(checkpoint: RuleCheckpoint, signal: AbortSignal): Promise<Installed>;
	/** Chains with names like ours that belong to other route managers, once ours are gone. */
	namesakes(signal: AbortSignal): Promise<readonly Namesake[]>;
}

/** A function where it depends on what is found. */
export type Desired = RulesByFamily | ((found: Installed) => RulesByFamily);

export interface ApplyOptions {
	/**
	 * What was read last. It saves a reading where it differs from what is desired; where it is out of date, the commit or
	 * the reading back fails, and the next attempt starts from what is there.
	 */
	readonly last?: Installed | undefined;
	/** The kernel has taken these rules before, so they are not tried first. */
	readonly skipCheck?: boolean;
}

export interface Removal {
	/** Leaves what connections captured before need to go on to their end. */
	readonly keepConntrack: boolean;
}

/** What of ours is installed, as it was read. */
export interface Installed {
	/** Nothing at all. */
	readonly isEmpty: boolean;
	/** Nothing but, perhaps, what connections captured before need. */
	readonly isClean: ByFamily<boolean>;
	readonly ruleCount: number;
	/** Every connection that `desired` captures is captured with all of its packets already, by whatever rules of ours. */
	capturesWhole(desired: RulesByFamily): boolean;
	/** In what it differs; nothing where the same rules are there in the same order. */
	diff(desired: RulesByFamily): ByFamily<readonly Difference[]>;
	/** What `remove` would take away. */
	leftovers(removal: Removal): ByFamily<readonly Difference[]>;
	/** Counts the rules that are among those desired, each by its role there. */
	counters(desired: RulesByFamily): RuleCounters;
}

/** One way in which what is installed is not what is desired. */
export interface Difference {
	readonly kind: 'missing' | 'surplus' | 'misplaced';
	readonly table: TableName;
	/** In the dialect's words, as an argument of its program. */
	readonly line: string;
}

/**
 * Rules to come back to, for the disk. Only the firewall that took it can read it; '' in a family in which nothing of ours
 * was there.
 */
export type RuleCheckpoint = ByFamily<string>;

/** A chain with a name like ours that is not ours. */
export interface Namesake {
	readonly family: Family;
	readonly table: string;
	readonly chain: string;
	/** The commands that remove it. */
	readonly removal: readonly string[];
}

/** Our possible chains by table, and the built-in ones that lead to them: whoever watches rules watches these. */
export type ChainNames = Readonly<
	Record<'mangle' | 'nat', { readonly own: readonly string[]; readonly parents: readonly string[] }>
>;
