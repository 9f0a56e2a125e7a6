import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Single-flight: concurrent callers share one run, but never one that started before their call. `restMs`: the least
 * time between the end of a run and the start of the next, so that fast callers do not cause more runs.
 */
export function createSingleFlight<T>(answer: () => Promise<T>, restMs = 0): () => Promise<T> {
	let running: Promise<unknown> = Promise.resolve();
	let next: Promise<T> | undefined;
	const rest = () => (restMs === 0 ? undefined : sleep(restMs, undefined, { ref: false }));
	return () => {
		next ??= running.then(() => {
			next = undefined;
			const mine = answer();
			running = mine.then(rest, rest);
			return mine;
		});
		return next;
	};
}
