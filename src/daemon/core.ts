import { createDrain } from './connection-drain.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { createInterception, type Interception, type Parts } from './interception.ts';
import { createReconciler } from './reconciler.ts';
import { createRoutingRoom } from './routing-room.ts';
import { createState } from './state.ts';

/** The daemon's state, and what changes the rules. The rest of the daemon decides when. */
export interface DaemonCore extends Parts {
	readonly interception: Interception;
}

export function createCore(deps: DaemonDependencies): DaemonCore {
	const state = createState(deps);
	const reconciler = createReconciler(deps.order);
	const drain = createDrain(state, reconciler, deps);
	const parts = { state, deps, reconciler, drain, room: createRoutingRoom(state, deps) };
	return { ...parts, interception: createInterception(parts) };
}
