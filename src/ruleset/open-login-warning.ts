import type { Session } from '../values/ssh-session.ts';
import type { Family } from '../values/units.ts';
import { buildRuleset } from './build.ts';
import type { Capture } from './capture.ts';
import { createEvaluator } from './evaluate.ts';

/** A test whether a new login like this one would be captured. `through`: its incoming interface. */
export function createSessionEvaluator(capture: Capture, families: readonly Family[]) {
	const evaluators = new Map(
		families.map((family) => [family, createEvaluator(buildRuleset(capture, family), family)]),
	);
	return ({ family, from, to, port }: Session, through: string): boolean => {
		const attempt = { from, to, port, interface: through, isFromHere: false, isToHere: true };
		return typeof evaluators.get(family)?.('PREROUTING', attempt) === 'number';
	};
}

/** Warning about SSH ports that are captured from now on, by the logins that use them; '' if there are none. */
export function sessionWarning(own: readonly Session[], others: readonly Session[]): string {
	const ports = [...new Set([...own, ...others].map(({ port }) => port))];
	return ports.map((port) => portWarning(port, at(port, own), at(port, others))).join('\n');
}

const at = (port: number, sessions: readonly Session[]): string[] => [
	...new Set(sessions.filter((session) => session.port === port).map(({ from }) => from)),
];

function portWarning(port: number, own: readonly string[], others: readonly string[]): string {
	const froms = [...new Set([...own, ...others])];
	const more = froms.length > SHOWN ? ` and ${froms.length - SHOWN} more` : '';
	const [are, stay] =
		own.length > 0
			? ['like your SSH login', 'your open one is not affected']
			: ['like an open SSH login', 'open ones are not affected'];
	return `New connections from ${froms.slice(0, SHOWN).join(', ')}${more} to port ${port}, ${are}, are redirected to Envoy from now on; ${stay}. ingressIgnoredPorts ${port} (TURNOUT_INGRESS_IGNORED_PORTS) excludes them, and \`--confirm 60\` rolls back by itself`;
}

const SHOWN = 3;
