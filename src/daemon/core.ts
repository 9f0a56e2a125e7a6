import { createRuleTotals, type RuleTotals } from '../status/rule-totals.ts';
import { createDrain } from './connection-drain.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { createInterception, type Interception, type Parts } from './interception.ts';
import { createReconciler } from './reconciler.ts';
import { createRoutingRoom } from './routing-room.ts';
import { appliedOf, createState } from './state.ts';
import { createUnitWatch } from './unit-watch.ts';

/** The daemon's state, and what changes the rules. The rest of the daemon decides when. */
export interface DaemonCore extends Parts {
	readonly interception: Interception;
	readonly ruleTotals: RuleTotals;
}

export function createCore(deps: DaemonDependencies): DaemonCore {
	const state = createState(deps);
	const ruleTotals = createRuleTotals();
	const reconciler = createReconciler(deps.order, (dialect, installed) => {
		const applied = appliedOf(state);
		if (applied !== undefined) ruleTotals.note(dialect, installed.counted(applied.target.stages.all));
	});
	const drain = createDrain(state, reconciler, deps);
	const units = createUnitWatch(deps);
	const parts = { state, deps, reconciler, drain, units, room: createRoutingRoom(state, deps) };
	return { ...parts, ruleTotals, interception: createInterception(parts) };
}
