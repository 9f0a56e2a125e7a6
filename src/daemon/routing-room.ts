import { failureOf } from '../failure.ts';
import { createMutex, type Mutex } from '../lib/mutex.ts';
import { createSingleFlight } from '../lib/single-flight.ts';
import type { Log } from '../log.ts';
import { type Repaired, repairRoutes } from '../reconcile/repair.ts';
import { type RoutingTarget, readRouting, removeSurplus } from '../routing/apply-routes.ts';
import { localRoutingOf } from '../routing/local-routing.ts';
import type { Routing } from '../routing/routing.ts';
import { type RoutingFacts, type Taken, takenFrom } from '../routing/taken.ts';
import { keepsClient } from '../ruleset/keep-client.ts';
import { type Family, families } from '../values/units.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { appliedOf, type DaemonState, isStopping } from './state.ts';

/** Families in which our rule and route are left out, as others use the same table or mark. */
type MadeRoom = ReadonlyMap<Family, Taken>;

/** The mark's rule and route, which may have to make room while another change is under way. */
export interface RoutingRoom {
	/**
	 * Moves ours out of the way of others: at once, whatever else is under way, as our route may swallow their answers
	 * meanwhile. Whether ours are wanted does not matter. Does not wait for it.
	 */
	readonly make: () => void;
	/** Rule and route as wanted, as far as others leave room for them. What comes and goes for their sake is no repair. */
	readonly repair: (target: RoutingTarget) => Promise<Repaired>;
	/** Reads where a change of ours left rule and route out. */
	readonly note: (target: RoutingTarget) => Promise<void>;
	/** Resolves once nothing of it is under way. */
	readonly idle: () => Promise<void>;
}

interface Room {
	readonly state: DaemonState;
	readonly log: Log;
	/** What is read must not be what another part of us is about to change. */
	readonly lock: Mutex;
	made: MadeRoom;
}

export function createRoutingRoom(state: DaemonState, { log }: DaemonDependencies): RoutingRoom {
	const own: Room = { state, log, lock: createMutex(), made: new Map() };
	const make = createSingleFlight(() => own.lock(() => makeRoom(own)));
	return {
		// A repair tries it again, and tells what is wrong.
		make: () => void make().catch((error) => log('debug', 'no room made', { why: failureOf(error).message })),
		repair: (target) => own.lock(() => repair(own, target)),
		note: (target) => own.lock(async () => note(own, takenIn(await readRouting(routingOf(own)), target))),
		idle: () => own.lock(async () => undefined),
	};
}

const routingOf = ({ state }: Room): Routing => state.settings.context.host.routing;

async function makeRoom(own: Room): Promise<void> {
	const { state } = own;
	const { config, capture } = state.settings.context;
	const routing = routingOf(own);
	const localRouting = appliedOf(state)?.target.localRouting ?? localRoutingOf(config, keepsClient(capture));
	if (localRouting.isNeeded || isStopping(state)) return;
	const target = { families, localRouting };
	const facts = await readRouting(routing);
	const taken = takenIn(facts, target);
	const isTaken = ({ family }: { readonly family: Family }) => taken.has(family);
	await removeSurplus(routing, { rules: facts.rules.filter(isTaken), routes: facts.routes.filter(isTaken) }, target);
	// That there is room again is noted by the repair that puts ours back.
	const applied = appliedOf(state);
	if (applied !== undefined) note(own, new Map([...own.made, ...takenIn(facts, applied.target)]));
}

async function repair(own: Room, target: RoutingTarget): Promise<Repaired> {
	const before = own.made;
	const { found, facts } = await repairRoutes(routingOf(own), target);
	const now = takenIn(facts, target);
	note(own, now);
	return { found: families.flatMap((family) => (before.has(family) || now.has(family) ? [] : found[family])) };
}

function takenIn(facts: RoutingFacts, { families: wanted, localRouting }: RoutingTarget): MadeRoom {
	const found = wanted.map((family) => [family, takenFrom(localRouting, family, facts)] as const);
	return new Map(found.flatMap(([family, taken]) => (taken === undefined ? [] : [[family, taken]])));
}

function note(own: Room, now: MadeRoom): void {
	const { log, made: before } = own;
	own.made = now;
	for (const family of families) {
		const taken = now.get(family);
		if (taken !== undefined && before.get(family)?.why !== taken.why)
			log('warn', 'rule and route left out', { family, why: taken.why });
		if (taken === undefined && before.has(family)) log('info', 'rule and route have room again', { family });
	}
}
