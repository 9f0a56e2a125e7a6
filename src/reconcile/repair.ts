import type { Firewall, Installed } from '../firewall/firewall.ts';
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
import { type ByFamily, byFamily, families } from '../values/units.ts';
import type { DesiredRules } from './desired.ts';
import type { HostDifference } from './inspect.ts';
import { repairable } from './staged-capture.ts';

/** What differed, before it was repaired. */
export interface Repaired {
	readonly found: readonly HostDifference[];
}

/** Back to rules that have been read before, so it is not checked again whether they can be. `last`: read this very moment. */
export async function repairRules(
	firewall: Firewall,
	target: DesiredRules,
	last: Installed,
	signal: AbortSignal,
): Promise<Repaired & { readonly installed: Installed }> {
	const differences = last.diff(target.rules);
	const found = families.flatMap((family) => differences[family]);
	if (found.length === 0) return { found, installed: last };
	const repaired = (now: Installed) => repairable(now, target).rules;
	return { found, installed: await firewall.apply(repaired, signal, { last, skipCheck: true }) };
}

/** `facts`: what was there before. */
export async function repairRoutes(
	routing: Routing,
	target: RoutingTarget,
): Promise<{ readonly found: ByFamily<readonly RoutingDifference[]>; readonly facts: RoutingFacts }> {
	const facts = await readRouting(routing);
	const found = byFamily((family) => routingDifferences(facts, target, family));
	if (found.ipv4.length + found.ipv6.length > 0) {
		await addRoutes(routing, facts, target);
		await removeSurplus(routing, facts, target);
	}
	return { found, facts };
}
