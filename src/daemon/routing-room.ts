import { failureOf } from '../failure.ts';
import type { Mutex } from '../lib/mutex.ts';
import { createSingleFlight } from '../lib/single-flight.ts';
import { type Repaired, repairRoutes } from '../reconcile/repair.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import { type RoutingTarget, readRouting, removeSurplus } from '../routing/apply-routes.ts';
import { localRoutingOf, type RoutingFacts, type Taken, takenFrom } from '../routing/taken.ts';
import { type Family, families } from '../values/units.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';

/** Families in which our rule and route have made room for others, who use the same table or mark. */
export type MadeRoom = ReadonlyMap<Family, Taken>;

/** What of the daemon's concerns its rule and route. */
export interface RoutingOwner {
	readonly context: DaemonContext;
	readonly applied: DesiredState | undefined;
	/** What was read is not to be what somebody else of us is about to change. */
	readonly routes: Mutex;
	readonly isEnding: boolean;
	madeRoom: MadeRoom;
}

/**
 * Ours out of the way of others: at once, whatever else is under way, as answers of theirs may be swallowed by our route
 * meanwhile. Whether ours are wanted does not matter.
 */
export function createRoom(state: RoutingOwner, deps: DaemonDependencies): () => void {
	const make = async () => {
		const { routing } = state.context.host;
		const target = {
			families,
			localRouting: state.applied?.target.localRouting ?? localRoutingOf(state.context.config),
		};
		if (target.localRouting.isNeeded || state.isEnding) return;
		const facts = await readRouting(routing);
		const taken = takenIn(facts, target);
		const isTaken = ({ family }: { readonly family: Family }) => taken.has(family);
		await removeSurplus(routing, { rules: facts.rules.filter(isTaken), routes: facts.routes.filter(isTaken) }, target);
		// That there is room again is seen by whoever puts ours back.
		if (state.applied !== undefined)
			note(state, deps, new Map([...state.madeRoom, ...takenIn(facts, state.applied.target)]));
	};
	const shared = createSingleFlight(() => state.routes(make));
	// Whoever repairs tries it again, and tells what keeps us from it.
	return () => void shared().catch((error) => deps.log('debug', 'no room made', { why: failureOf(error).message }));
}

/** Rule and route as wanted, as far as others leave room for them. What comes and goes for their sake is no repair. */
export const mendRoutes = (state: RoutingOwner, deps: DaemonDependencies, target: RoutingTarget): Promise<Repaired> =>
	state.routes(async () => {
		const before = state.madeRoom;
		const { found, facts } = await repairRoutes(state.context.host.routing, target);
		const now = takenIn(facts, target);
		note(state, deps, now);
		return { found: families.flatMap((family) => (before.has(family) || now.has(family) ? [] : found[family])) };
	});

/** Looked at after a change of ours, which leaves rule and route out where there is no room for them. */
export const noteRoom = (state: RoutingOwner, deps: DaemonDependencies, target: RoutingTarget): Promise<void> =>
	state.routes(async () => note(state, deps, takenIn(await readRouting(state.context.host.routing), target)));

function takenIn(facts: RoutingFacts, { families: wanted, localRouting }: RoutingTarget): MadeRoom {
	const found = wanted.map((family) => [family, takenFrom(localRouting, family, facts)] as const);
	return new Map(found.flatMap(([family, taken]) => (taken === undefined ? [] : [[family, taken]])));
}

function note(state: RoutingOwner, { log }: DaemonDependencies, now: MadeRoom): void {
	const before = state.madeRoom;
	state.madeRoom = now;
	for (const family of families) {
		const taken = now.get(family);
		if (taken !== undefined && before.get(family)?.why !== taken.why)
			log('warn', 'rule and route left out', { family, why: taken.why });
		if (taken === undefined && before.has(family)) log('info', 'rule and route have room again', { family });
	}
}
