import { chainNames } from '../../ruleset/model.ts';
import type { Match, Packet, Rule, Table, Verdict } from './foreign-rule.ts';
import { allMatch } from './match-packet.ts';

/** A path through a table's chains to a rule. */
export interface Path {
	readonly rule: Rule;
	/** Those of the rule and of the jumps that lead to it. */
	readonly matches: readonly Match[];
	/** Chains on the path, the base chain first. */
	readonly chains: readonly string[];
}

/** Kubernetes hosts have tens of thousands of rules: the search ends after so many. */
const MAX_STEPS = 20_000;
const MAX_DEPTH = 16;

/** Every path that the packet may take to a rule with such a verdict, in the kernel's order. */
export function pathsTo(
	table: Table,
	chain: string,
	isWanted: (verdict: Verdict) => boolean,
	packet: Packet,
): readonly Path[] {
	const found: Path[] = [];
	const left = { steps: MAX_STEPS };
	const walk = (name: string, before: readonly Match[], chains: readonly string[]): void => {
		const rules = (table.chains.get(name) ?? []).slice(0, left.steps);
		left.steps -= rules.length;
		for (const rule of rules.filter((each) => allMatch(each.matches, packet) !== false)) {
			const matches = [...before, ...rule.matches];
			if (isWanted(rule.verdict)) found.push({ rule, matches, chains });
			if (leadsOn(rule.verdict, chains)) walk(rule.verdict.chain, matches, [...chains, rule.verdict.chain]);
		}
	};
	walk(chain, [], [chain]);
	return found;
}

const leadsOn = (verdict: Verdict, chains: readonly string[]): verdict is Extract<Verdict, { chain: string }> =>
	'chain' in verdict && !isOurs(verdict.chain) && chains.length < MAX_DEPTH && !chains.includes(verdict.chain);

const isOurs = (name: string): boolean => chainNames.some((ours) => ours === name);
