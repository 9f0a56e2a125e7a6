import { type DesiredState, untilCgroupsStay, withCgroupsOfNow } from '../reconcile/resolve.ts';
import type { UnitCgroup } from '../values/unit-name.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { Reconciler } from './reconciler.ts';
import type { DaemonState } from './state.ts';

interface Following {
	readonly state: DaemonState;
	readonly deps: DaemonDependencies;
	readonly reconciler: Reconciler;
}

/**
 * The rules follow units that have started, ended or started again: each start makes another cgroup. That is no damage, and
 * not counted as a repair. Caller holds `ruleLock`. Resolves to what is desired now.
 */
export function followUnits({ state, deps, reconciler }: Following, before: DesiredState): Promise<DesiredState> {
	const { context } = state.settings;
	return untilCgroupsStay(context, withCgroupsOfNow(context, before), async (desired) => {
		if (desired === before) return before;
		await reconciler.applyTarget(context.host, desired.target);
		state.rules = { kind: 'on', applied: desired };
		deps.log('info', 'the rules follow the units', changesOf(before.capture.cgroups, desired.capture.cgroups));
		return desired;
	});
}

/** The units that have started, or started again, and those that have ended. */
function changesOf(before: readonly UnitCgroup[] = [], now: readonly UnitCgroup[] = []) {
	const without = (all: readonly UnitCgroup[], others: readonly UnitCgroup[]) =>
		all
			.filter(({ unit, id }) => !others.some((other) => other.unit === unit && other.id === id))
			.map(({ unit }) => unit);
	const started = without(now, before);
	const ended = without(before, now).filter((unit) => !started.includes(unit));
	return {
		...(started.length === 0 ? {} : { started: started.join() }),
		...(ended.length === 0 ? {} : { ended: ended.join() }),
	};
}
