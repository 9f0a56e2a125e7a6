import { type DesiredState, untilCgroupsStay, withCgroupsOfNow } from '../reconcile/resolve.ts';
import type { Unit, UnitCgroup } from '../values/unit-name.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonDependencies } from './dependencies.ts';

/** Watches the cgroups of the units that the settings name. */
export interface UnitWatch {
	/** From now on these, instead of those before. */
	readonly follow: (units: readonly Unit[]) => void;
	/** Calls back when one may have come or gone, until the signal is aborted. */
	readonly run: (onChange: () => void, signal: AbortSignal) => void;
}

export function createUnitWatch({ watchUnits, log }: Pick<DaemonDependencies, 'watchUnits' | 'log'>): UnitWatch {
	const now: { units: readonly Unit[]; begin: () => void } = { units: [], begin: () => undefined };
	const onBlind = (why: string) => log('warn', 'units cannot be watched; they are looked at each second', { why });
	return {
		follow(units) {
			if (units.join() === now.units.join()) return;
			now.units = units;
			now.begin();
		},
		run(onChange, signal) {
			let former = new AbortController();
			now.begin = () => {
				former.abort();
				former = new AbortController();
				watchUnits(now.units, { onChange, onBlind }, AbortSignal.any([signal, former.signal]));
			};
			now.begin();
		},
	};
}

/**
 * The rules follow units that have started, ended or started again: each start makes another cgroup. That is no damage, and
 * not counted as a repair. Caller holds `ruleLock`. Resolves to what is desired now.
 */
export function followUnits(
	{ state, deps, reconciler }: Pick<DaemonCore, 'state' | 'deps' | 'reconciler'>,
	before: DesiredState,
): Promise<DesiredState> {
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
