import { failureOf } from '../failure.ts';
import type { Exclusive } from '../lib/mutex.ts';
import { createShared } from '../lib/single-flight.ts';
import { type Repaired, repairRoutes } from '../reconcile/repair.ts';
import type { Aim } from '../reconcile/resolve.ts';
import { type RoutingTarget, readRouting, removeSurplus } from '../routing/apply-routes.ts';
import { homewardOf, type RoutingFacts, type Taken, takenFrom } from '../routing/taken.ts';
import { type Family, families } from '../values/units.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonParts } from './dependencies.ts';

/** Families in which our rule and route have made room for others, who use the same table or mark. */
export type MadeRoom = ReadonlyMap<Family, Taken>;

/** What of the daemon's concerns its rule and route. */
export interface Routed {
	readonly survey: DaemonContext;
	readonly aim: Aim | undefined;
	/** What was read is not to be what somebody else of us is about to change. */
	readonly routes: Exclusive;
	readonly isEnding: boolean;
	madeRoom: MadeRoom;
}

/**
 * Ours out of the way of others: at once, whatever else is under way, as answers of theirs may be swallowed by our route
 * meanwhile. Whether ours are wanted does not matter.
 */
export function createRoom(holding: Routed, parts: DaemonParts): () => void {
	const make = async () => {
		const { routing } = holding.survey.host;
		const target = { families, homeward: holding.aim?.target.homeward ?? homewardOf(holding.survey.config) };
		if (target.homeward.carries || holding.isEnding) return;
		const facts = await readRouting(routing);
		const taken = takenIn(facts, target);
		const isTaken = ({ family }: { readonly family: Family }) => taken.has(family);
		await removeSurplus(routing, { rules: facts.rules.filter(isTaken), routes: facts.routes.filter(isTaken) }, target);
		// That there is room again is seen by whoever puts ours back.
		if (holding.aim !== undefined)
			note(holding, parts, new Map([...holding.madeRoom, ...takenIn(facts, holding.aim.target)]));
	};
	const shared = createShared(() => holding.routes(make));
	// Whoever repairs tries it again, and tells what keeps us from it.
	return () => void shared().catch((error) => parts.log('debug', 'no room made', { why: failureOf(error).message }));
}

/** Rule and route as wanted, as far as others leave room for them. What comes and goes for their sake is no repair. */
export const mendRoutes = (holding: Routed, parts: DaemonParts, target: RoutingTarget): Promise<Repaired> =>
	holding.routes(async () => {
		const before = holding.madeRoom;
		const { found, facts } = await repairRoutes(holding.survey.host.routing, target);
		const now = takenIn(facts, target);
		note(holding, parts, now);
		return { found: families.flatMap((family) => (before.has(family) || now.has(family) ? [] : found[family])) };
	});

/** Looked at after a change of ours, which leaves rule and route out where there is no room for them. */
export const noteRoom = (holding: Routed, parts: DaemonParts, target: RoutingTarget): Promise<void> =>
	holding.routes(async () => note(holding, parts, takenIn(await readRouting(holding.survey.host.routing), target)));

function takenIn(facts: RoutingFacts, { families: wanted, homeward }: RoutingTarget): MadeRoom {
	const found = wanted.map((family) => [family, takenFrom(homeward, family, facts)] as const);
	return new Map(found.flatMap(([family, taken]) => (taken === undefined ? [] : [[family, taken]])));
}

function note(holding: Routed, { log }: DaemonParts, now: MadeRoom): void {
	const before = holding.madeRoom;
	holding.madeRoom = now;
	for (const family of families) {
		const taken = now.get(family);
		if (taken !== undefined && before.get(family)?.why !== taken.why)
			log('warn', 'rule and route left out', { family, why: taken.why });
		if (taken === undefined && before.has(family)) log('info', 'rule and route have room again', { family });
	}
}
