import { setTimeout as sleep } from 'node:timers/promises';
import { delayMs } from './delay.ts';

/** Time, handed in so that a test can turn it by hand. None of its timers keeps the process alive. */
export interface Clock {
	/** Milliseconds that never go back, to measure with. */
	readonly nowMs: () => number;
	/** Milliseconds since 1970, as the host's clock has them. */
	readonly dateMs: () => number;
	/** Rejects when the signal is aborted. */
	readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
	/** Calls `act` once, after `ms`. Returns what cancels it. */
	readonly after: (ms: number, act: () => void) => () => void;
}

/** Node loads what is behind `performance` when it is first asked, which takes a millisecond of the start of a command. */
const nowMs = (): number => process.uptime() * 1_000;

export const systemClock: Clock = {
	nowMs,
	dateMs: () => Date.now(),
	sleep: (ms, signal) => sleep(delayMs(ms), undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }),
	after(ms, act) {
		const timer = setTimeout(act, delayMs(ms)).unref();
		return () => clearTimeout(timer);
	},
};

/** A timer may end a little early. */
const EARLY_MS = 50;

/**
 * Until the next whole multiple of `everyMs`. What is looked at again and again is looked at together: to wake up costs an
 * idle process more than the look.
 */
export function msToBeat({ nowMs }: Pick<Clock, 'nowMs'>, everyMs: number): number {
	const left = Math.ceil(everyMs - (nowMs() % everyMs));
	return left < EARLY_MS ? left + everyMs : left;
}

/** Between two looks at what nearly always tells of its changes itself: each beat wakes a process that has nothing to do. */
export const REST_MS = 10_000;

/** RFC 3339. */
export const timeOf = ({ dateMs }: Clock): string => new Date(dateMs()).toISOString();
