import type { Unit } from '../values/unit-name.ts';
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
