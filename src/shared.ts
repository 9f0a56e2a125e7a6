/**
 * However many ask at once, there is one answer for all of them; nobody gets one that was begun before they asked. What
 * an answer costs (programs are run for it) does not grow with those who ask.
 */
export function createShared<T>(answer: () => Promise<T>): () => Promise<T> {
	let running: Promise<unknown> = Promise.resolve();
	let next: Promise<T> | undefined;
	return () => {
		next ??= running.then(() => {
			next = undefined;
			const mine = answer();
			running = mine.catch(() => undefined);
			return mine;
		});
		return next;
	};
}
