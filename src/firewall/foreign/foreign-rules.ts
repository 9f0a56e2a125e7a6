import type { Family } from '../../values/units.ts';

/** A base chain of nftables, ours or somebody else's; the built-in chains of iptables-nft are base chains too. */
export interface BaseChain {
	/** `inet`: both. */
	readonly family: 'ip' | 'ip6' | 'inet';
	readonly table: string;
	readonly chain: string;
	readonly type: string;
	readonly hook: 'prerouting' | 'input' | 'forward' | 'output';
	readonly priority: number;
	/** Its policy is drop. */
	readonly dropsRest: boolean;
	readonly rules: number;
	/** When it was first seen: greater is later; those of the first read have the same. */
	readonly seen: number;
}

/** Rules as their tools print them. */
export type RuleText =
	| {
			readonly kind: 'saved';
			readonly dialect: 'iptables-nft' | 'iptables-legacy';
			readonly family: Family;
			readonly text: string;
	  }
	/** What `nft --json list table` prints; '' where nft is not installed and rules translate connections or hide them. */
	| { readonly kind: 'nft'; readonly family: BaseChain['family']; readonly table: string; readonly text: string };

/** Rules of others on the hooks that ours are on. */
export interface ForeignRules {
	readonly chains: readonly BaseChain[];
	/** When iptables-legacy's table nat was first seen; left out where there is none. */
	readonly legacyNat: { readonly [F in Family]?: number };
	readonly texts: readonly RuleText[];
}

export interface ForeignRulesReader {
	/** Reads again if anybody has committed something since, at a limited rate. `now`: at once. */
	read(options?: { readonly now?: boolean }): Promise<ForeignRules>;
	/** What was read last may be out of date although nobody has committed to nftables since. */
	mayBeStale(): boolean;
	/** Only the chains and their order, read now. */
	chains(): Promise<Pick<ForeignRules, 'chains' | 'legacyNat'>>;
}
