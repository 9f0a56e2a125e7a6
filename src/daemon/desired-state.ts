import { timeOf } from '../lib/clock.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonCore } from './core.ts';
import type { ReadBack } from './reconciler.ts';
import { type Desired, isStarting } from './state.ts';

/** Rules on, now or as soon as Envoy is LIVE. Resolves to what was read back, if they are on now. */
export async function enable(core: DaemonCore): Promise<ReadBack | undefined> {
	const { state, deps, interception } = core;
	const { wanted, since } = state.desired;
	// Persisted first: if we are killed in the middle, the next start goes on with it.
	persist(core, wantedNow(core, 'enabled'));
	try {
		if (waitsForEnvoy(core)) return undefined;
		deps.order.prefetch();
		const held = await interception.apply(state.settings.context);
		deps.counters.add('ruleChanges', 'enable');
		return held;
	} catch (error) {
		persist(core, { wanted, since });
		throw error;
	}
}

/** Connections are never redirected to an Envoy that is not there yet. */
export const waitsForEnvoy = ({ state, deps: { proxy } }: DaemonCore): boolean =>
	isStarting(state) || (proxy !== undefined && proxy.history().state.kind !== 'live');

export async function disable(core: DaemonCore): Promise<void> {
	await core.interception.remove('off');
	core.deps.counters.add('ruleChanges', 'disable');
	// The rules are off whether or not that can be persisted.
	core.state.desired = { ...core.state.desired, ...wantedNow(core, 'disabled') };
	persist(core, {});
}

function wantedNow({ state: { desired }, deps }: DaemonCore, wanted: Wanted): Pick<Desired, 'wanted' | 'since'> {
	return { wanted, since: wanted === desired.wanted ? desired.since : timeOf(deps.clock) };
}

/** A disk error never blocks a change: it is logged, shown in status and retried (persisted-state.ts). */
export function persist({ state, deps }: DaemonCore, change: Partial<Desired>): void {
	const desired = { ...state.desired, ...change };
	const { wanted, since, image } = desired;
	const dialect = state.settings.context.backend.name;
	deps.stateFile.write({ wanted, since, dialect, ...(image === undefined ? {} : { image }) });
	state.desired = desired;
}
