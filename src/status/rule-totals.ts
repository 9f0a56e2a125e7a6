import { type CountedRule, type RuleCounters, sumCounters } from '../firewall/rule-counters.ts';

/** What rules have counted since the daemon started, also those that are gone: totals that never go back. */
export interface RuleTotals {
	/** What is installed now in one dialect. */
	readonly note: (dialect: string, counted: readonly CountedRule[]) => void;
	readonly read: () => RuleCounters;
}

export function createRuleTotals(): RuleTotals {
	/** Of each dialect, the rules as they were noted last. */
	const last = new Map<string, ReadonlyMap<string, CountedRule>>();
	/** What has been counted by rules that are gone or began again, by what the rule was. */
	const gone = new Map<string, CountedRule>();
	return {
		note(dialect, counted) {
			const now = byId(counted);
			for (const before of last.get(dialect)?.values() ?? [])
				if ((now.get(before.id)?.packets ?? -1) < before.packets) addTo(gone, { ...before, id: kindOf(before) });
			last.set(dialect, now);
		},
		read: () => sumCounters([...gone.values(), ...[...last.values()].flatMap((rules) => [...rules.values()])]),
	};
}

/** Somebody may have put a rule of ours in twice. */
function byId(counted: readonly CountedRule[]): ReadonlyMap<string, CountedRule> {
	const found = new Map<string, CountedRule>();
	for (const rule of counted) addTo(found, rule);
	return found;
}

function addTo(to: Map<string, CountedRule>, rule: CountedRule): void {
	to.set(rule.id, { ...rule, packets: rule.packets + (to.get(rule.id)?.packets ?? 0) });
}

const kindOf = ({ table, chain, role, setting }: CountedRule): string => [table, chain, role, setting].join(' ');
