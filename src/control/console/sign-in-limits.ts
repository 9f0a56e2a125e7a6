import type { Clock } from '../../lib/clock.ts';

/** So many mistakes are anybody's. */
const FREE = 5;
const FIRST_MS = 1_000;
/** Whoever holds the key waits for no longer than this, whatever others do with its id. */
const LONGEST_MS = 60_000;
const FORGOTTEN_MS = 15 * 60_000;
/** The oldest is forgotten for one more. */
const MOST = 10_000;

interface Failures {
	readonly count: number;
	readonly lastMs: number;
}

/** Of whom: an address, the id of a key. */
export interface SignInLimits {
	/** How long none of these may try; 0: now. */
	readonly waitMs: (names: readonly string[]) => number;
	readonly failed: (names: readonly string[]) => void;
	readonly succeeded: (name: string) => void;
}

/** Each failure beyond the free ones doubles the pause. What is tried within it is not looked at, and does not lengthen it. */
export function createSignInLimits({ nowMs }: Pick<Clock, 'nowMs'>): SignInLimits {
	const failures = new Map<string, Failures>();
	const current = (name: string): Failures | undefined => {
		const found = failures.get(name);
		return found === undefined || nowMs() - found.lastMs >= FORGOTTEN_MS ? undefined : found;
	};
	const waitOf = (name: string): number => {
		const found = current(name);
		if (found === undefined || found.count < FREE) return 0;
		const pauseMs = Math.min(FIRST_MS * 2 ** (found.count - FREE), LONGEST_MS);
		return Math.max(0, found.lastMs + pauseMs - nowMs());
	};
	return {
		waitMs: (names) => Math.max(0, ...names.map(waitOf)),
		failed(names) {
			for (const name of names) {
				const count = (current(name)?.count ?? 0) + 1;
				failures.delete(name);
				failures.set(name, { count, lastMs: nowMs() });
				const [oldest] = failures.keys();
				if (failures.size > MOST && oldest !== undefined) failures.delete(oldest);
			}
		},
		succeeded: (name) => void failures.delete(name),
	};
}
