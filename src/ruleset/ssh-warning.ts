import type { Session } from '../values/ssh-session.ts';
import type { Family } from '../values/units.ts';
import { buildRuleset } from './build.ts';
import type { Capture } from './capture.ts';
import { createEvaluator } from './evaluate.ts';

/** Says whether another one like it would go to Envoy. `through`: the interface that it comes in by. */
export function createSessionEvaluator(capture: Capture, families: readonly Family[]) {
	const judges = new Map(families.map((family) => [family, createEvaluator(buildRuleset(capture, family), family)]));
	return ({ family, from, to, port }: Session, through: string): boolean => {
		const opening = { from, to, port, interface: through, isFromHere: false, isToHere: true };
		return typeof judges.get(family)?.('PREROUTING', opening) === 'number';
	};
}

/** What is to be said of sessions that would go to Envoy, were they opened now; '' where there are none. */
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
			? ['as your SSH session is one', 'this one stays']
			: ['as an SSH session that is open here is one', 'what is open stays'];
	return `New connections from ${froms.slice(0, SHOWN).join(', ')}${more} to port ${port}, ${are}, go to Envoy from now on; ${stay}. ingressIgnoredPorts ${port} (TURNOUT_INGRESS_IGNORED_PORTS) keeps them out, and \`--confirm 60\` goes back by itself`;
}

const SHOWN = 3;
