import { setTimeout as sleep } from 'node:timers/promises';

const SOONEST_MS = 20;
const LATEST_MS = 250;

/**
 * Looks until what is seen holds, and gives it back; fails with the last look when patience ends. It is there for what
 * never comes: on a busy machine anything may take long, and what has to be quick is measured and not waited for.
 */
export async function eventually<T>(
	look: () => T | Promise<T>,
	holds: (seen: T) => boolean,
	patienceMs = 60_000,
): Promise<T> {
	const firstMs = performance.now();
	for (;;) {
		const startedMs = performance.now();
		const seen = await look();
		if (holds(seen)) return seen;
		if (performance.now() > firstMs + patienceMs)
			throw new Error(`It did not come in ${patienceMs} ms: ${JSON.stringify(seen)}`);
		// Whoever looks is not to take the time of what is looked for, and after a second not to know it to the millisecond.
		const now = performance.now();
		await sleep(Math.max(SOONEST_MS, now - startedMs, Math.min((now - firstMs) / 20, LATEST_MS)));
	}
}
