import { setTimeout as sleep } from 'node:timers/promises';

const SOONEST_MS = 50;
const LATEST_MS = 1_000;
/** Looking takes no more than this share of the time, also where there are many connections to look through. */
const DUTY_CYCLE = 1 / 20;

/**
 * Waits until no connection is open, or until the deadline; resolves to how many there were at the last look. Undefined
 * where nobody can say: there may be some.
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
		// Who has waited for a minute does not mind another second.
		const pauseMs = Math.max((now - startedMs) / DUTY_CYCLE, (now - firstMs) * DUTY_CYCLE, SOONEST_MS);
		await sleep(Math.min(pauseMs, LATEST_MS));
	}
}
