const SHORTEST_MS = 250;
const LONGEST_MS = 30_000;

/** Exponential back-off from the shortest to the longest pause; `jitter` (0 to 1) takes up to a quarter off. */
export function pauseMs(failures: number, jitter: number): number {
	const whole = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures - 1, 20));
	return Math.round(whole * (1 - jitter / 4));
}
