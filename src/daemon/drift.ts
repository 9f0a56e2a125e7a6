import { msToBeat, REST_MS } from '../lib/clock.ts';
import type { Repairs } from '../status/types.ts';
import type { ChangeHandlers } from './change-monitor.ts';
import type { Confirmation } from './confirm.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { repairDrift } from './drift-check.ts';
import { createRepairLog, type RepairLog, type Trouble } from './repair-log.ts';
import { createRepairScheduler, type PendingCheck } from './repair-scheduler.ts';
import type { DaemonState } from './state.ts';

/** Drift: what others change on the host is noticed, compared with what is wanted, and repaired. */
export interface Drift extends Omit<ChangeHandlers, 'onCommit'> {
	/** Checks by itself too, until the signal is aborted; more often while changes cannot be watched. */
	readonly watch: (isWatching: () => boolean, signal: AbortSignal) => Promise<void>;
	readonly repairs: () => Repairs;
	/** What keeps it from being repaired; undefined where nothing does. */
	readonly problem: () => Trouble | undefined;
}

export function createDrift(core: DaemonCore, confirmation: Confirmation): Drift {
	const { state, deps, room } = core;
	const repairLog = createRepairLog(deps);
	const scheduler = createRepairScheduler(deps.clock, repairLog.pauseMs, (check) =>
		checkAndRepair(repairLog, deps, check, (onBegin) =>
			state.ruleLock(() => {
				onBegin();
				return repairDrift(core, confirmation, check.scopes);
			}),
		),
	);
	return {
		onChange({ subject, by, isOwn }) {
			if (subject === 'routes') room.make();
			scheduler.enqueue([subject], by, { isOwn });
		},
		onLost(of) {
			if (of === 'routes') room.make();
			deps.counters.add('noticesLost', of);
			scheduler.enqueue(['everything'], '');
		},
		async watch(isWatching, signal) {
			const { nowMs, sleep } = deps.clock;
			let checkedMs = nowMs();
			while (!signal.aborted) {
				const everyMs = isWatching() ? Math.min(pollMs(state), REST_MS) : OFTEN_MS;
				await sleep(msToBeat(deps.clock, everyMs), signal).catch(() => undefined);
				if (isWatching() && nowMs() - checkedMs < pollMs(state)) continue;
				checkedMs = nowMs();
				scheduler.enqueue(['everything'], '');
			}
		},
		repairs: repairLog.repairs,
		problem: repairLog.problem,
	};
}

/**
 * iptables-legacy and the entries of its sets and iptables-nft's cannot be watched; and a notice of the kernel's that did not
 * reach us is made up for in the end.
 */
function pollMs({ settings: { context } }: DaemonState): number {
	const { name } = context.backend;
	if (name === 'iptables-legacy') return OFTEN_MS;
	return name === 'iptables-nft' && context.capture.hasSets === true ? SETS_MS : SELDOM_MS;
}
const OFTEN_MS = 2_000;
/** To read thousands of entries takes longer. */
const SETS_MS = REST_MS;
const SELDOM_MS = 60_000;

/** Resolves to whether all is as wanted now. */
async function checkAndRepair(
	repairLog: RepairLog,
	{ cpuTimeMs, clock }: DaemonDependencies,
	{ by, isOwn, sinceMs }: PendingCheck,
	act: (onBegin: () => void) => ReturnType<typeof repairDrift>,
): Promise<boolean> {
	// Processor time, not elapsed time: on a busy host the next check would wait for what others use.
	let before = 0;
	const costMs = () => cpuTimeMs() - before;
	try {
		const { repair, failure } = await act(() => {
			before = cpuTimeMs();
		});
		// A check after our own change is free: it happens once, and refreshes what is known.
		if (repair === undefined && failure === undefined) repairLog.recordClean(isOwn ? 0 : costMs());
		if (repair !== undefined) repairLog.repaired({ ...repair, by, ms: Math.round(clock.nowMs() - sinceMs) });
		if (failure !== undefined) repairLog.failed(failure, costMs());
		return failure === undefined;
	} catch (error) {
		repairLog.failed(error, costMs());
		return false;
	}
}
