import type { RuleRole, Ruleset } from '../../ruleset/model.ts';
import type { CountedRule } from '../rule-counters.ts';
import type { ChainRules } from './iptables-rules.ts';
import { renderRoles } from './render-rules.ts';
import { canonicalRule } from './save-line.ts';

/** The installed rules that have a role in the desired ruleset, with their counters. */
export function countedRules(installed: readonly ChainRules[], desired: Ruleset): CountedRule[] {
	return installed.flatMap(({ table, name, rules, packets }) => {
		const roleOf = createRoleFinder(renderRoles(desired).get(`${table} ${name}`) ?? new Map());
		return rules.flatMap((rule, at) => {
			const role = roleOf(rule);
			return role === undefined ? [] : [{ table, chain: name, role, packets: packets[at] ?? 0 }];
		});
	});
}

/** Most rules are spelled as we render them; others are compared in a canonical form. */
function createRoleFinder(roles: ReadonlyMap<string, RuleRole>): (rule: string) => RuleRole | undefined {
	let canonical: ReadonlyMap<string, RuleRole> | undefined;
	return (rule) => {
		const role = roles.get(rule);
		if (role !== undefined || roles.size === 0) return role;
		canonical ??= new Map([...roles].map(([text, each]) => [canonicalRule(text), each]));
		return canonical.get(canonicalRule(rule));
	};
}
