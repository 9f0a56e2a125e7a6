import type { Firewall } from '../firewall/firewall.ts';
import { type DesiredState, untilCgroupsStay, withCgroupsOfNow } from '../reconcile/resolve.ts';
import type { UnitCgroup } from '../values/unit-name.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { Reconciler, RuleCheck, RulesRepaired } from './reconciler.ts';
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

/**
 * A unit that starts or ends while the rules are read or repaired makes them differ, or refused: then they follow it, and are
 * read again. Caller holds `ruleLock`.
 */
export async function repairFollowing(
	following: Following,
	firewall: Firewall,
	desired: DesiredState,
	check: Omit<RuleCheck, 'isOutdated'>,
): Promise<{ readonly desired: DesiredState; readonly rules: RulesRepaired }> {
	const { context } = following.state.settings;
	for (let now = desired, attempt = 1; ; attempt += 1) {
		const isOutdated = () => attempt < ATTEMPTS && withCgroupsOfNow(context, now) !== now;
		const before = attempt === 1 ? check.before : async () => undefined;
		const repairing = following.reconciler.repair(firewall, now, { ...check, before, isOutdated });
		const rules = await repairing.catch((error) => {
			if (!isOutdated()) throw error;
		});
		if (rules !== undefined) return { desired: now, rules };
		now = await followUnits(following, now);
	}
}

/** Of a unit that starts and ends without a pause nobody else has to wait for the end. */
const ATTEMPTS = 4;

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
