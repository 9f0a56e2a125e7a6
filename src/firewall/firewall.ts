import type { Ruleset, TableName } from '../ruleset/model.ts';
import type { TracedRuleset } from '../ruleset/trace.ts';
import type { dialects } from '../values/dialects.ts';
import type { ByFamily, Family } from '../values/units.ts';
import type { ForeignRules } from './foreign/foreign-rules.ts';
import type { CountedRule } from './rule-counters.ts';

export type Dialect = (typeof dialects)[number];
export type IptablesDialect = Exclude<Dialect, 'nft'>;

/** The rules that should be there; an empty ruleset: none in this family. */
export type RulesByFamily = ByFamily<Ruleset>;

/** The rules of one dialect in this network namespace, both families. */
export interface Firewall {
	readonly dialect: Dialect;
	/** An `apply` follows, which will most likely commit: starts what takes a while to start, where there is any. */
	prepare?(): void;
	/** What of ours is installed now. */
	read(signal: AbortSignal): Promise<Installed>;
	/** Reads at least these families; the other one may be taken from `last`. */
	reread(last: Installed, families: readonly Family[], signal: AbortSignal): Promise<Installed>;
	/**
	 * Installs the desired rules and reads them back. Commits nothing if they are installed already; if it rejects, the
	 * former rules are installed again. Retries a few times if others change the same chains at the same moment.
	 */
	apply(desired: Desired, signal: AbortSignal, options?: ApplyOptions): Promise<Installed>;
	/** Removes our rules and those of the 2019 script, which have the same names; otherwise like `apply`. */
	remove(removal: Removal, signal: AbortSignal): Promise<Installed>;
	/**
	 * Makes ours the first of the nat chains of one priority, of which the kernel runs the newest first: creates it again
	 * where another program's chain is newer. Resolves to a line for each chain. `last`: read a moment ago. Not where no other
	 * program's chain has our priority.
	 */
	claim?(
		others: Pick<ForeignRules, 'chains' | 'legacyNat'>,
		last: Installed,
		families: readonly Family[],
		signal: AbortSignal,
	): Promise<readonly string[]>;
	takeCheckpoint(signal: AbortSignal): Promise<RuleCheckpoint>;
	/** Back to the checkpoint. If it has no rules that capture, this is `remove` with `keepConntrack`. */
	restore(checkpoint: RuleCheckpoint, signal: AbortSignal): Promise<Installed>;
	/** Chains with names like ours that belong to other route managers, once ours are gone. */
	namesakes(signal: AbortSignal): Promise<readonly Namesake[]>;
}

/** A function where it depends on what is found. */
export type Desired = RulesByFamily | ((found: Installed) => RulesByFamily);

export interface ApplyOptions {
	/**
	 * What was read last. If it differs from what is desired, the first attempt starts from it without reading; if it is out
	 * of date, that attempt fails and the next one reads.
	 */
	readonly last?: Installed | undefined;
	/** Of whether all rules that are there can be read: rules like these have been read back before. */
	readonly skipCheck?: boolean;
	/**
	 * Another `apply` follows at once, with the result as `last`, and is read back: this one need not be. Resolves to what
	 * was committed.
	 */
	readonly isInterim?: boolean;
}

export interface Removal {
	/** Keeps what captured connections need until they end. */
	readonly keepConntrack: boolean;
}

/** What of ours is installed, as it was read. */
export interface Installed {
	/** Nothing at all. */
	readonly isEmpty: boolean;
	/** Nothing, or nothing but what captured connections need until they end. */
	readonly isClean: ByFamily<boolean>;
	readonly ruleCount: number;
	/** All packets of what `desired` captures are captured already, and not only those that open a connection. */
	capturesWhole(desired: RulesByFamily): boolean;
	/** The differences from `desired`; none if the same rules are installed in the same order. */
	diff(desired: RulesByFamily): ByFamily<readonly Difference[]>;
	/** What `remove` would delete. */
	leftovers(removal: Removal): ByFamily<readonly Difference[]>;
	/** The installed rules that have a role in `desired`, with what they have counted. */
	counted(desired: RulesByFamily): readonly CountedRule[];
	/** The rules that a connection meets, to follow one through them. */
	readonly traced: ByFamily<TracedRuleset>;
}

/** A document that installs the desired rules on a host without any. */
export interface Installation {
	/** `inet`: both. */
	readonly family: Family | 'inet';
	/** For the program of the dialect. */
	readonly document: string;
	/** Before that, for `ipset restore`, or nft too: the sets that the rules use. */
	readonly sets?: string;
}

/** One way in which what is installed is not what is desired. */
export interface Difference {
	readonly kind: 'missing' | 'surplus' | 'misplaced';
	/** `ipset`: a set that rules look up. */
	readonly table: TableName | 'ipset';
	/** In the dialect's words, as an argument of its program; a long list by its beginning. */
	readonly line: string;
}

/** Rules to go back to, as text for the disk that only the firewall itself reads; '' for a family without rules of ours. */
export type RuleCheckpoint = ByFamily<string>;

/** A chain with a name like ours that is not ours. */
export interface Namesake {
	readonly family: Family;
	readonly table: string;
	readonly chain: string;
	/** The commands that remove it. */
	readonly removal: readonly string[];
}

/** By table, the names that our chains can have, and the built-in chains that lead to them. Changes of these matter. */
export type ChainNames = Readonly<
	Record<'mangle' | 'nat', { readonly own: readonly string[]; readonly parents: readonly string[] }>
>;
