import type { Family } from '../units.ts';
import { buildRuleset } from './build.ts';
import type { Capture } from './capture.ts';
import { createJudge } from './judge.ts';

/**
 * What is to be said to somebody who is logged in over SSH: '' where new sessions of that kind go on directly. `session`:
 * SSH_CONNECTION (sshd(8)): the client's address and port, and ours.
 */
export function sessionWarning(capture: Capture, families: readonly Family[], session: string): string {
	const [from = '', , to = ''] = session.split(' ');
	const family = to.includes(':') ? 'ipv6' : 'ipv4';
	if (!families.includes(family)) return '';
	const port = sessionPort(session);
	const opening = { from, to, port, interface: '', isFromHere: false, isToHere: true };
	const fate = createJudge(buildRuleset(capture, family), family)('PREROUTING', opening);
	if (typeof fate !== 'number') return '';
	return `New connections from ${from} to port ${port}, as your SSH session is one, go to Envoy from now on; this one stays. ingressIgnoredPorts ${port} (TURNOUT_INGRESS_IGNORED_PORTS) keeps them out, and \`turnout enable --confirm 60\` goes back by itself`;
}

/** Where sshd listens for logins of this kind. */
export const sessionPort = (session: string): number => Number(session.split(' ')[3]);
