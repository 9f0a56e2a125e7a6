import { setTimeout as sleep } from 'node:timers/promises';

const SOONEST_MS = 50;
const LATEST_MS = 1_000;
/** Counting uses at most this share of the time, however many connections there are. */
const DUTY_CYCLE = 1 / 20;

/**
 * Waits until no connection is open or the deadline has passed; resolves to the last count. Undefined: it is unknown,
 * so there may be some.
 */
export async function untilNone(
	count: () => Promise<number | undefined>,
	deadline: AbortSignal,
): Promise<number | undefined> {
	const firstMs = performance.now();
	for (;;) {
		const startedMs = performance.now();
		const open = await count().catch(() => undefined);
		if (open === 0 || deadline.aborted) return open;
		const now = performance.now();
		// The longer the wait so far, the longer the pause: after a minute, a second more does not matter.
		const pauseMs = Math.max((now - startedMs) / DUTY_CYCLE, (now - firstMs) * DUTY_CYCLE, SOONEST_MS);
		await sleep(Math.min(pauseMs, LATEST_MS));
	}
}
