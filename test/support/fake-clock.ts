// A clock that stands still until a test turns it.
import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../src/lib/clock.ts';

export interface FakeClock extends Clock {
	/** Everything that is due by then happens, in its order and at its time. */
	readonly advance: (ms: number) => Promise<void>;
	/** How many timers are set. */
	readonly timers: () => number;
	/** Whoever had set them is gone. */
	readonly cancelAll: () => void;
}

interface Timer {
	readonly dueMs: number;
	readonly act: () => void;
}

export function createFakeClock(startMs = Date.UTC(2026, 10, 23)): FakeClock {
	let elapsedMs = 0;
	const timers = new Set<Timer>();
	const after = (ms: number, act: () => void) => {
		const timer = { dueMs: elapsedMs + Math.max(ms, 1), act };
		timers.add(timer);
		return () => void timers.delete(timer);
	};
	return {
		nowMs: () => elapsedMs,
		dateMs: () => startMs + elapsedMs,
		after,
		sleep: (ms, signal) =>
			new Promise((resolve, reject) => {
				const cancel = after(ms, resolve);
				const abort = () => {
					cancel();
					reject(signal?.reason);
				};
				if (signal?.aborted) abort();
				else signal?.addEventListener('abort', abort, { once: true });
			}),
		async advance(ms) {
			const endMs = elapsedMs + ms;
			await settled();
			for (let next = earliest(timers, endMs); next !== undefined; next = earliest(timers, endMs)) {
				timers.delete(next);
				elapsedMs = next.dueMs;
				next.act();
				await settled();
			}
			elapsedMs = endMs;
		},
		timers: () => timers.size,
		cancelAll: () => timers.clear(),
	};
}

/** Whatever waits for nothing but promises has gone on. */
export const settled = (): Promise<void> => setImmediate();

function earliest(timers: ReadonlySet<Timer>, endMs: number): Timer | undefined {
	const [first] = [...timers].filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs);
	return first;
}
