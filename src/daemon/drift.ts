import type { Clock } from '../lib/clock.ts';
import { delayMs } from '../lib/delay.ts';
import type { Repairs } from '../status/types.ts';
import type { ChangeHandlers } from './change-monitor.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { repairDrift, type Scope } from './drift-check.ts';
import { createRepairLog, type RepairLog, type Trouble } from './repair-log.ts';
import { createRoom } from './routing-room.ts';
import type { DaemonState } from './state.ts';

/** What others change on the host is noticed, held against what is wanted, and put right. */
export interface Drift extends ChangeHandlers {
	/** Looks by itself too, until the signal is aborted; the more often the less is told. */
	readonly watch: (isTold: () => boolean, signal: AbortSignal) => Promise<void>;
	readonly repairs: () => Repairs;
	/** What keeps it from being put right; undefined where nothing does. */
	readonly problem: () => Trouble | undefined;
}

/** One change of somebody's is often several commits: what follows at once is looked at together. */
const QUIET_MS = 2;
/** firewalld's reload is many commits, and one of ours between two of them may make it fail. */
const FIREWALLD_MS = 300;

/** What has been noticed and not been looked at yet. */
interface PendingCheck {
	readonly subjects: Set<Scope>;
	by: string;
	/** Nobody but ourselves has changed anything. */
	isOwn: boolean;
	readonly sinceMs: number;
}

export function createDrift(state: DaemonState, deps: DaemonDependencies): Drift {
	const ledger = createRepairLog(deps);
	const makeRoom = createRoom(state, deps);
	const looks = createRepairScheduler(deps.clock, ledger, (suspicion) =>
		checkAndRepair(ledger, deps, suspicion, (onBegin) =>
			state.ruleLock(() => {
				onBegin();
				return repairDrift(state, deps, suspicion.subjects);
			}),
		),
	);
	return {
		onChange({ subject, by, isOwn }) {
			if (subject === 'routes') makeRoom();
			looks.enqueue([subject], by, { isOwn });
		},
		onLost(of) {
			if (of === 'routes') makeRoom();
			deps.counters.add('noticesLost', of);
			looks.enqueue(['everything'], '');
		},
		async watch(isTold, signal) {
			const { nowMs, sleep } = deps.clock;
			let lookedMs = nowMs();
			while (!signal.aborted) {
				await sleep(OFTEN_MS, signal).catch(() => undefined);
				if (isTold() && nowMs() - lookedMs < pollMs(state)) continue;
				lookedMs = nowMs();
				looks.enqueue(['everything'], '');
			}
		},
		repairs: ledger.repairs,
		problem: ledger.problem,
	};
}

/** Looks are made one at a time and no sooner than the ledger allows; what is noticed meanwhile is looked at next. */
function createRepairScheduler(
	clock: Clock,
	{ pauseMs }: RepairLog,
	act: (suspicion: PendingCheck) => Promise<boolean>,
) {
	const state: { suspicion?: PendingCheck | undefined; cancel?: () => void; dueMs: number; isBusy: boolean } = {
		dueMs: Number.POSITIVE_INFINITY,
		isBusy: false,
	};
	const enqueue = (subjects: Iterable<Scope>, by: string, { isRetry = false, isOwn = false } = {}) => {
		state.suspicion ??= { subjects: new Set(), by: '', isOwn: true, sinceMs: clock.nowMs() };
		for (const subject of subjects) state.suspicion.subjects.add(subject);
		state.suspicion.by ||= by;
		state.suspicion.isOwn &&= isOwn;
		const quietMs = state.suspicion.by.includes('firewalld') ? FIREWALLD_MS : QUIET_MS;
		plan(delayMs(Math.max(quietMs, pauseMs(isRetry))));
	};
	const plan = (waitMs: number) => {
		const dueMs = clock.nowMs() + waitMs;
		if (state.isBusy || dueMs >= state.dueMs) return;
		state.cancel?.();
		Object.assign(state, { dueMs, cancel: clock.after(waitMs, () => void run()) });
	};
	const run = async () => {
		const { suspicion } = state;
		Object.assign(state, { suspicion: undefined, dueMs: Number.POSITIVE_INFINITY, isBusy: true });
		const isWell = suspicion === undefined || (await act(suspicion));
		state.isBusy = false;
		if (state.suspicion !== undefined) enqueue([], '', { isOwn: state.suspicion.isOwn });
		if (!isWell) enqueue(suspicion.subjects, suspicion.by, { isRetry: true });
	};
	return { enqueue };
}

/** Legacy iptables tells nobody what it does; and what the kernel told and did not reach us is found in the end. */
const pollMs = ({ context }: DaemonState): number =>
	context.backend.name === 'iptables-legacy' ? OFTEN_MS : SELDOM_MS;
const OFTEN_MS = 2_000;
const SELDOM_MS = 60_000;

/** Says whether all is as wanted now. */
async function checkAndRepair(
	ledger: RepairLog,
	{ cpuTimeMs, clock }: DaemonDependencies,
	{ by, isOwn, sinceMs }: PendingCheck,
	act: (onBegin: () => void) => ReturnType<typeof repairDrift>,
): Promise<boolean> {
	// Not the time that it takes: on a busy host it would be the others' that counts, and the next look wait for it.
	let before = 0;
	const costMs = () => cpuTimeMs() - before;
	try {
		const { repair, failure } = await act(() => {
			before = cpuTimeMs();
		});
		// What we have done ourselves is looked at once, and learnt from.
		if (repair === undefined && failure === undefined) ledger.recordClean(isOwn ? 0 : costMs());
		if (repair !== undefined) ledger.repaired({ ...repair, by, ms: Math.round(clock.nowMs() - sinceMs) });
		if (failure !== undefined) ledger.failed(failure, costMs());
		return failure === undefined;
	} catch (error) {
		ledger.failed(error, costMs());
		return false;
	}
}
