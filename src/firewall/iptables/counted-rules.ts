import type { Rule, Ruleset } from '../../ruleset/model.ts';
import type { Family } from '../../values/units.ts';
import type { CountedRule } from '../rule-counters.ts';
import type { ChainRules } from './iptables-rules.ts';
import { renderRoles } from './render-rules.ts';
import { canonicalRule } from './save-line.ts';

/** The installed rules that have a role in the desired ruleset, with their counters. */
export function countedRules(installed: readonly ChainRules[], desired: Ruleset, family: Family): CountedRule[] {
	return installed.flatMap(({ table, name, rules, packets }) => {
		const find = createFinder(renderRoles(desired).get(`${table} ${name}`) ?? new Map());
		return rules.flatMap((rule, at) => {
			const { role, setting } = find(rule) ?? {};
			if (role === undefined || setting === undefined) return [];
			const id = `${family} ${table} ${name} ${rule}`;
			return [{ id, table, chain: name, role, setting, packets: packets[at] ?? 0 }];
		});
	});
}

/** Most rules are spelled as we render them; others are compared in a canonical form. */
function createFinder(roles: ReadonlyMap<string, Rule>): (rule: string) => Rule | undefined {
	let canonical: ReadonlyMap<string, Rule> | undefined;
	return (text) => {
		const found = roles.get(text);
		if (found !== undefined || roles.size === 0) return found;
		canonical ??= new Map([...roles].map(([spelled, rule]) => [canonicalRule(spelled), rule]));
		return canonical.get(canonicalRule(text));
	};
}
