/** `2026-11-23 08:57:48 UTC (3 days ago)`. `time`: RFC 3339, UTC; `nowMs`: since the epoch. */
export const momentText = (time: string, nowMs: number): string =>
	`${time.slice(0, 10)} ${time.slice(11, 19)} UTC (${agoText(nowMs - Date.parse(time))})`;

/** The largest that fits counts; clocks may have been set since, so nothing lies in the future. */
const steps: readonly (readonly [unit: string, ms: number])[] = [
	['days', 86_400_000],
	['h', 3_600_000],
	['min', 60_000],
	['s', 1_000],
];

function agoText(ms: number): string {
	const [unit, step] = steps.find(([unit, each]) => ms >= (unit === 'days' ? 2 * each : each)) ?? ['s', 1_000];
	const count = Math.max(0, Math.floor(ms / step));
	return count === 0 ? 'just now' : `${count} ${unit} ago`;
}
