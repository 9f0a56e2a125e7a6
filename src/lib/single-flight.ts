import { setTimeout as sleep } from 'node:timers/promises';

/**
 * However many ask at once, there is one answer for all of them; nobody gets one that was begun before they asked. What
 * an answer costs does not grow with those who ask; `restMs`: nor with how soon they ask again.
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
