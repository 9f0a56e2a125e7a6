/** Above this rate somebody else keeps undoing our rules, and repairs back off. */
export const MAX_REPAIRS_PER_MINUTE = 20;
const WINDOW_MS = 60_000;
const SLOW_MS = 5_000;

/** Of repairs made at these times, those of the last minute. All in milliseconds. */
export const recent = (repairs: readonly number[], nowMs: number): number[] =>
	repairs.filter((ms) => nowMs - ms < WINDOW_MS);

export const isContested = (repairs: readonly number[], nowMs: number): boolean =>
	recent(repairs, nowMs).length >= MAX_REPAIRS_PER_MINUTE;

/** How long the next repair waits: 0 unless contested. */
export function repairPauseMs(repairs: readonly number[], nowMs: number): number {
	const last = repairs.at(-1);
	return last === undefined || !isContested(repairs, nowMs) ? 0 : Math.max(0, last + SLOW_MS - nowMs);
}

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;

/** After so many repairs in a row that failed: 250 ms, doubling up to 30 s. */
export const retryMs = (failures: number): number =>
	failures === 0 ? 0 : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);

/** Token bucket of processor time for checks that find nothing: DUTY_CYCLE of all time, at most BUCKET_MS at once. */
export interface Budget {
	readonly leftMs: number;
	readonly atMs: number;
}
const DUTY_CYCLE = 1 / 20;
const BUCKET_MS = 1_000;

export const fullBudget = (nowMs: number): Budget => ({ leftMs: BUCKET_MS, atMs: nowMs });

export function spend({ leftMs, atMs }: Budget, costMs: number, nowMs: number): Budget {
	return { leftMs: Math.min(BUCKET_MS, leftMs + (nowMs - atMs) * DUTY_CYCLE) - costMs, atMs: nowMs };
}

/** How long until there is something to spend again. */
export const budgetPauseMs = ({ leftMs, atMs }: Budget, nowMs: number): number =>
	Math.max(0, -leftMs / DUTY_CYCLE - (nowMs - atMs));
