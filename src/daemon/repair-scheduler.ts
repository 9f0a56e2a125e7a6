import type { Clock } from '../lib/clock.ts';
import type { Scope } from './drift-check.ts';

/** What has been noticed and not been checked yet. */
export interface PendingCheck {
	readonly scopes: Set<Scope>;
	/** The program that made the first change, where it is known; else ''. */
	by: string;
	/** Nobody but ourselves has changed anything. */
	isOwn: boolean;
	readonly sinceMs: number;
}

interface Cause {
	/** The last check failed, and nothing has changed since. */
	readonly isRetry?: boolean;
	readonly isOwn?: boolean;
}

export interface RepairScheduler {
	readonly enqueue: (scopes: Iterable<Scope>, by: string, cause?: Cause) => void;
}

/** One change of somebody's is often several commits: what follows at once is checked together. */
const QUIET_MS = 2;
/** firewalld's reload is many commits, and one of ours between two of them may make it fail. */
const FIREWALLD_MS = 300;

/**
 * Checks one at a time, no sooner than `pauseMs` allows; what is noticed meanwhile is checked next. `act` resolves to
 * whether all is well; otherwise the same is tried again.
 */
export function createRepairScheduler(
	clock: Clock,
	pauseMs: (isRetry: boolean) => number,
	act: (check: PendingCheck) => Promise<boolean>,
): RepairScheduler {
	let pending: PendingCheck | undefined;
	let dueMs = Number.POSITIVE_INFINITY;
	let isBusy = false;
	let cancel: () => void = () => undefined;
	const enqueue = (scopes: Iterable<Scope>, by: string, { isRetry = false, isOwn = false }: Cause = {}) => {
		pending ??= { scopes: new Set(), by: '', isOwn: true, sinceMs: clock.nowMs() };
		for (const scope of scopes) pending.scopes.add(scope);
		pending.by ||= by;
		pending.isOwn &&= isOwn;
		plan(Math.max(pending.by.includes('firewalld') ? FIREWALLD_MS : QUIET_MS, pauseMs(isRetry)));
	};
	const plan = (waitMs: number) => {
		const soonestMs = clock.nowMs() + waitMs;
		if (isBusy || soonestMs >= dueMs) return;
		dueMs = soonestMs;
		cancel();
		cancel = clock.after(waitMs, () => void run());
	};
	const take = () => {
		const check = pending;
		pending = undefined;
		dueMs = Number.POSITIVE_INFINITY;
		return check;
	};
	const run = async () => {
		const check = take();
		isBusy = true;
		const isWell = check === undefined || (await act(check));
		isBusy = false;
		if (pending !== undefined) enqueue([], '', { isOwn: pending.isOwn });
		if (!isWell) enqueue(check.scopes, check.by, { isRetry: true });
	};
	return { enqueue };
}
