import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import { readHeld } from '../firewall/iptables/apply-rules.ts';
import { isRemoved } from '../firewall/iptables/conntrack-anchor.ts';
import { type Difference, differences } from '../firewall/iptables/diff.ts';
import { emptyRules, type IptablesRules } from '../firewall/iptables/installed.ts';
import { type RoutingDifference, readRouting, routingDifferences, takenOf } from '../routing/apply-routes.ts';
import { planRemoval } from '../routing/plan.ts';
import type { Taken } from '../routing/taken.ts';
import { type Family, families } from '../values/units.ts';
import type { DesiredRules } from './desired.ts';
import { firewallOf, type Host } from './host.ts';

export type HostDifference = Difference | RoutingDifference;
export interface Inspection {
	readonly differences: ByFamily<readonly HostDifference[]>;
	readonly held: ByFamily<IptablesRules>;
	/** Who leaves no room for our rule and route, where they are wanted. */
	readonly taken: Taken | undefined;
	/** Nothing of ours is there, but for what lets open connections end. */
	readonly isClean: boolean;
}

/** What the host has, held against the target, or against nothing. Reads only; `known`: read back a moment ago. */
export async function inspect(
	host: Host,
	target: DesiredRules,
	isWanted: boolean,
	signal: AbortSignal,
	known?: ByFamily<IptablesRules>,
): Promise<Inspection> {
	const reading = known ?? readHeld(firewallOf(host, target.dialect), signal);
	const [facts, held] = await Promise.all([readRouting(host.routing), reading]);
	const rules = (family: Family) =>
		isWanted
			? ruleDifferences(held[family], target, family)
			: differences(held[family], isRemoved(held[family]) ? held[family] : emptyRules);
	const of = (family: Family) => [
		...rules(family),
		...routingDifferences(facts, isWanted ? target : { ...target, families: [] }, family),
	];
	const isClean = planRemoval(facts).length === 0 && families.every((family) => isRemoved(held[family]));
	const taken = isWanted ? takenOf(facts, target) : undefined;
	return { differences: { ipv4: of('ipv4'), ipv6: of('ipv6') }, held, taken, isClean };
}

/** Whoever looks while one stage follows the other finds each table at one of them: that is as wanted. */
function ruleDifferences(held: IptablesRules, { rules, stages }: DesiredRules, family: Family): Difference[] {
	const found = differences(held, rules[family]);
	if (found.length === 0) return found;
	const all = [stages.opening, stages.all].map((stage) => differences(held, stage[family]));
	return found.filter(({ table }) => all.every((stage) => stage.some((difference) => difference.table === table)));
}
