const UNITS: Readonly<Record<string, number>> = {
	ns: 1,
	us: 1e3,
	µs: 1e3,
	μs: 1e3,
	ms: 1e6,
	s: 1e9,
	m: 60e9,
	h: 3600e9,
};
const PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Seconds of a duration as Go's time.ParseDuration takes it: `5000ms`, `1m30s`. Undefined where it is none. */
export function parseInterval(text: string): number | undefined {
	const parts = [...text.matchAll(PART)];
	if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return undefined;
	const nanos = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
	return Math.round(nanos) / 1e9;
}
