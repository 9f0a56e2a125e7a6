import type { Status } from './types.ts';

/** `systemctl status` truncates longer lines. */
const LONGEST = 300;

/** The status on one line, for systemd's STATUS=. Rules and routes that wait or are lifted are not repeated as conditions. */
export function statusLine({
	is,
	wanted,
	envoy,
	conditions,
}: Pick<Status, 'is' | 'wanted' | 'envoy' | 'conditions'>): string {
	const head = `interception ${is}${is === wanted ? '' : `, wanted: ${wanted}`}; envoy ${envoy.state}`;
	const implied = is === 'waiting' || is === 'lifted' ? ['rules', 'routes'] : [];
	const wrong = conditions.flatMap((condition) =>
		condition.ok || implied.includes(condition.subject) ? [] : [`${condition.subject}: ${condition.why}`],
	);
	const line = [head, ...wrong].join('; ').replaceAll(/\s+/g, ' ');
	return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
