import type { Status } from './types.ts';

/** More than a screen's width is not read in `systemctl status`. */
const LONGEST = 300;

/** The status on one line, for systemd's STATUS=. That rules and routes wait, or are lifted, its first word says. */
export function statusLine({
	is,
	wanted,
	envoy,
	conditions,
}: Pick<Status, 'is' | 'wanted' | 'envoy' | 'conditions'>): string {
	const head = `interception ${is}${is === wanted ? '' : `, wanted: ${wanted}`}; envoy ${envoy.state}`;
	const told = is === 'waiting' || is === 'lifted' ? ['rules', 'routes'] : [];
	const wrong = conditions.flatMap((condition) =>
		condition.ok || told.includes(condition.subject) ? [] : [`${condition.subject}: ${condition.why}`],
	);
	const line = [head, ...wrong].join('; ').replaceAll(/\s+/g, ' ');
	return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
