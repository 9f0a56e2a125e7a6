import type { Difference, Installed } from '../firewall/firewall.ts';
import { type RoutingDifference, readRouting, routingDifferences, takenOf } from '../routing/apply-routes.ts';
import { planRemoval } from '../routing/plan.ts';
import type { Taken } from '../routing/taken.ts';
import { type ByFamily, byFamily, families } from '../values/units.ts';
import type { DesiredRules } from './desired.ts';
import { firewallOf, type Host } from './host.ts';

export type HostDifference = Difference | RoutingDifference;
export interface Inspection {
	readonly differences: ByFamily<readonly HostDifference[]>;
	readonly installed: Installed;
	/** Who leaves no room for our rule and route, where they are wanted. */
	readonly taken: Taken | undefined;
	/** Nothing of ours is there, but for what open connections need. */
	readonly isClean: boolean;
}

/** Compares the host with what is desired, or with nothing. Reads only; `lastRead`: read a moment ago. */
export async function inspect(
	host: Host,
	target: DesiredRules,
	isWanted: boolean,
	signal: AbortSignal,
	lastRead?: Installed,
): Promise<Inspection> {
	const reading = lastRead ?? firewallOf(host, target.dialect).read(signal);
	const [facts, installed] = await Promise.all([readRouting(host.routing), reading]);
	const rules = isWanted ? ruleDifferences(installed, target) : unwanted(installed);
	// Connections that are still open need it, as long as anything of ours is there.
	const isDraining = !isWanted && target.localRouting.isNeeded && !installed.isEmpty;
	const routed = isWanted || isDraining ? target : { ...target, families: [] };
	return {
		differences: byFamily((family) => [...rules[family], ...routingDifferences(facts, routed, family)]),
		installed,
		taken: isWanted ? takenOf(facts, target) : undefined,
		isClean:
			planRemoval(facts, isDraining ? target.localRouting : undefined).length === 0 &&
			families.every((family) => installed.isClean[family]),
	};
}

function unwanted(installed: Installed): ByFamily<readonly Difference[]> {
	const left = installed.leftovers({ keepConntrack: false });
	return byFamily((family) => (installed.isClean[family] ? [] : left[family]));
}

/**
 * In the middle of the change from one stage to the other each table is at one of them: that is as desired. A table that is
 * at neither is compared with the nearer one.
 */
export function ruleDifferences(
	installed: Installed,
	{ rules, stages }: Pick<DesiredRules, 'rules' | 'stages'>,
): ByFamily<readonly Difference[]> {
	const found = installed.diff(rules);
	if (families.every((family) => found[family].length === 0)) return found;
	const all = [found, ...[stages.syn, stages.all].map((stage) => installed.diff(stage))];
	return byFamily((family) => {
		const tables = [...new Set(found[family].map(({ table }) => table))];
		return tables.flatMap((table) => fewest(all.map((stage) => stage[family].filter((line) => line.table === table))));
	});
}

const fewest = (lists: readonly (readonly Difference[])[]): readonly Difference[] =>
	lists.reduce((least, list) => (list.length < least.length ? list : least));
