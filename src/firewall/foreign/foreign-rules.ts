import type { Family } from '../../values/units.ts';

/** A chain of nftables that hangs on a hook by itself, ours or somebody else's; iptables-nft's built-in ones are such too. */
export interface BaseChain {
	/** `inet`: of both. */
	readonly family: 'ip' | 'ip6' | 'inet';
	readonly table: string;
	readonly chain: string;
	readonly type: string;
	readonly hook: 'prerouting' | 'input' | 'forward' | 'output';
	readonly priority: number;
	/** It drops what no rule decides. */
	readonly dropsRest: boolean;
	readonly rules: number;
	/** When it was first seen: a later one has a greater number; those of the first look have the same. */
	readonly seen: number;
}

/** Rules as their tools write them. */
export type RuleText =
	| {
			readonly kind: 'saved';
			readonly dialect: 'iptables-nft' | 'iptables-legacy';
			readonly family: Family;
			readonly text: string;
	  }
	/** What `nft --json list table` says; '' where there is no nft, and there are rules that translate or hide connections. */
	| { readonly kind: 'nft'; readonly family: BaseChain['family']; readonly table: string; readonly text: string };

/** What stands beside our rules, or before them. */
export interface ForeignRules {
	readonly chains: readonly BaseChain[];
	/** Of iptables-legacy's table nat: when it was first seen; left away where there is none. */
	readonly legacyNat: { readonly [F in Family]?: number };
	readonly texts: readonly RuleText[];
}

export interface ForeignRulesReader {
	/** Looks again where anybody has committed something since; no sooner than is good for the host. `now`: at once. */
	read(options?: { readonly now?: boolean }): Promise<ForeignRules>;
	/** Only the chains and their order, as they are now. */
	chains(): Promise<Pick<ForeignRules, 'chains' | 'legacyNat'>>;
}
