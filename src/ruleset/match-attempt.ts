import { holderOf } from '../values/cidr.ts';
import { type Family, holdsPort } from '../values/units.ts';
import type { Match } from './model.ts';

/** A connection as described by its first packet. */
export interface ConnectionAttempt {
	readonly from: string;
	readonly to: string;
	/** Original destination port. */
	readonly port: number;
	/** The incoming interface in PREROUTING, the outgoing one in OUTPUT. */
	readonly interface: string;
	/** Whether source and destination are addresses of this host. */
	readonly isFromHere: boolean;
	readonly isToHere: boolean;
	/** Of the socket's owner, in OUTPUT; forwarded traffic has none. */
	readonly uid?: number | undefined;
	readonly gid?: number | undefined;
	/** Of the socket, in OUTPUT: the ids of its cgroup and of all above it. */
	readonly cgroups?: readonly number[] | undefined;
}

export type Matcher = (attempt: ConnectionAttempt) => boolean;

/** Whether all of them match a connection's first packet, a SYN. */
export function compile(matches: readonly Match[], family: Family): Matcher {
	const all = matches.map((match) => compileMatch(match, family));
	return (attempt) => all.every((matches) => matches(attempt));
}

function compileMatch(match: Match, family: Family): Matcher {
	switch (match.kind) {
		case 'ports':
			return ({ port }) => holdsPort(match.ports, port);
		case 'owner':
			return (attempt) => match.ranges.some((range) => isWithin(range, attempt[match.id]));
		case 'cgroup':
			return ({ cgroups = [] }) => cgroups.includes(match.cgroup.id);
		case 'from':
		case 'to': {
			const { kind } = match;
			const isInside = holderOf(match.cidrs.filter((cidr) => cidr.family === family));
			return (attempt) => isInside(attempt[kind]);
		}
		case 'in':
		case 'out':
			return (attempt) => match.interfaces.some((name) => isNamed(name, attempt.interface));
		case 'syn':
			return () => true;
		case 'state':
			return () => match.states.includes('NEW');
		case 'not-syn':
		case 'syn-ack':
		case 'own-ports':
		case 'owned':
		case 'bridged':
		case 'socket':
		case 'transparent-socket':
		case 'reply-of-marked':
			// These never match the SYN of a connection, or what matches leads it to the same port another way.
			return () => false;
		case 'local':
			return ({ isFromHere, isToHere }) => (match.end === 'source' ? isFromHere : isToHere) === match.is;
	}
}

const isWithin = ({ from, to }: { readonly from: number; readonly to: number }, id: number | undefined): boolean =>
	id !== undefined && from <= id && id <= to;

const isNamed = (pattern: string, name: string): boolean =>
	pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
