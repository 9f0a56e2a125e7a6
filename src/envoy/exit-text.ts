import type { Exit } from './runtime.ts';

const SHORTEST_MS = 250;
const LONGEST_MS = 30_000;

/** Exponential back-off from the shortest to the longest pause; `jitter` (0 to 1) takes up to a quarter off. */
export function pauseMs(failures: number, jitter: number): number {
	const whole = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures - 1, 20));
	return Math.round(whole * (1 - jitter / 4));
}

/** "ended with code 1", "ended by SIGKILL", … */
export function exitText({ code, signal, isOutOfMemory, isRemoved, isRestarted }: Exit): string {
	if (isRemoved === true) return 'was removed by somebody else';
	if (isRestarted === true) return 'was restarted by somebody else';
	// How a process ended that is not our child is unknown.
	const how = signal !== undefined ? ` by ${signal}` : code !== undefined ? ` with code ${code}` : '';
	return `ended${how}${isOutOfMemory === true ? ', out of memory' : ''}`;
}
