import { setTimeout as sleep } from 'node:timers/promises';

const SOONEST_MS = 20;
const LATEST_MS = 250;

/**
 * Polls until the value holds, and returns it; throws with the last value on a timeout. The timeout only catches what never
 * comes, as a busy machine is slow: what has to be fast is measured instead.
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
		// Polling must not slow down what is waited for; after a second, precision matters less.
		const now = performance.now();
		await sleep(Math.max(SOONEST_MS, now - startedMs, Math.min((now - firstMs) / 10, LATEST_MS)));
	}
}
