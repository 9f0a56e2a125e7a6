import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Looks until what is seen holds, and gives it back; fails with the last look when patience ends. It is there for what
 * never comes: on a busy machine anything may take long, and what has to be quick is measured and not waited for.
 */
export async function eventually<T>(
	look: () => T | Promise<T>,
	holds: (seen: T) => boolean,
	patienceMs = 60_000,
): Promise<T> {
	const deadline = performance.now() + patienceMs;
	for (;;) {
		const startedMs = performance.now();
		const seen = await look();
		if (holds(seen)) return seen;
		if (performance.now() > deadline) throw new Error(`It did not come in ${patienceMs} ms: ${JSON.stringify(seen)}`);
		// Whoever looks takes no more than half of the time from what is looked for.
		await sleep(Math.max(20, performance.now() - startedMs));
	}
}
