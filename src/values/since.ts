export const SINCE_ALLOWED = 'a time ago such as 45s, 10m, 2h or 1d, or a time such as 2026-11-23T05:31:26Z';

const MILLISECONDS = new Map([
	['s', 1_000],
	['m', 60_000],
	['h', 3_600_000],
	['d', 86_400_000],
]);

/** Parses `--since`: a duration before `nowMs` or an RFC 3339 time. Milliseconds since 1970; undefined if it is neither. */
export function parseSince(text: string, nowMs: number): number | undefined {
	const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
	if (count !== undefined) return nowMs - Number(count) * (MILLISECONDS.get(unit) ?? 0);
	const [, day, time, offset] = RFC_3339.exec(text.toUpperCase()) ?? [];
	if (day === undefined || !isDay(day)) return undefined;
	const at = Date.parse(`${day}T${time}${offset?.replace(' ', '+')}`);
	return Number.isNaN(at) ? undefined : at;
}

/** An unescaped + in a query string arrives as a space. */
const RFC_3339 = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+\- ]\d\d:\d\d)$/;

/** Date accepts February 30 and makes it a day in March. */
function isDay(day: string): boolean {
	const date = new Date(`${day}T00:00:00Z`);
	return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
