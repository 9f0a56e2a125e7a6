import type { Firewall } from '../firewall/firewall.ts';
import { type ByFamily, commitRules } from '../firewall/iptables/apply-rules.ts';
import { differences } from '../firewall/iptables/diff.ts';
import type { IptablesRules } from '../firewall/iptables/installed.ts';
import {
	addRoutes,
	type RoutingDifference,
	type RoutingTarget,
	readRouting,
	removeSurplus,
	routingDifferences,
} from '../routing/apply-routes.ts';
import type { Routing } from '../routing/routing.ts';
import type { RoutingFacts } from '../routing/taken.ts';
import { families } from '../values/units.ts';
import type { DesiredRules } from './desired.ts';
import type { HostDifference } from './inspect.ts';
import { repairable } from './staged-capture.ts';

/** What was not as wanted, before it was put right. */
export interface Repaired {
	readonly found: readonly HostDifference[];
}

/**
 * Back to rules that this kernel has taken before: they are not checked again, which for nft takes longer than the commit.
 * `held`: read this very moment.
 */
export async function repairRules(
	firewall: Firewall,
	target: DesiredRules,
	held: ByFamily<IptablesRules>,
	signal: AbortSignal,
): Promise<Repaired & { readonly held: ByFamily<IptablesRules> }> {
	const found = families.flatMap((family) => differences(held[family], target.rules[family]));
	if (found.length === 0) return { found, held };
	const unchecked = { ...firewall, check: async () => undefined };
	return { found, held: await commitRules(unchecked, (now) => repairable(now, target).rules, signal, held) };
}

/** `facts`: what was there before. */
export async function repairRoutes(
	routing: Routing,
	target: RoutingTarget,
): Promise<{ readonly found: ByFamily<readonly RoutingDifference[]>; readonly facts: RoutingFacts }> {
	const facts = await readRouting(routing);
	const found = {
		ipv4: routingDifferences(facts, target, 'ipv4'),
		ipv6: routingDifferences(facts, target, 'ipv6'),
	};
	if (found.ipv4.length + found.ipv6.length > 0) {
		await addRoutes(routing, facts, target);
		await removeSurplus(routing, facts, target);
	}
	return { found, facts };
}
