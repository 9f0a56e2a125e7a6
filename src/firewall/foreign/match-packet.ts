import { type Cidr, holderOf } from '../../values/cidr.ts';
import type { Match, Packet, Ports } from './foreign-rule.ts';

/** Undefined: not known. */
export type Maybe = boolean | undefined;

export function matches(match: Match, packet: Packet): Maybe {
	const is = matchesUnnegated(match, packet);
	return is === undefined ? undefined : is !== match.not;
}

/** Whether all of them match; one that does not decides it, whatever is not known of the others. */
export function allMatch(all: readonly Match[], packet: Packet): Maybe {
	const answers = all.map((match) => matches(match, packet));
	if (answers.includes(false)) return false;
	return answers.includes(undefined) ? undefined : true;
}

function matchesUnnegated(match: Match, packet: Packet): Maybe {
	switch (match.kind) {
		case 'protocol':
			return match.names.some((name) => ['tcp', '6', 'all', 'ip', familyName(packet)].includes(name));
		case 'state':
			return match.names.some((name) => name === 'new' || (name === 'dnat' && packet.isTranslated));
		case 'ports':
			return known(match.original ? packet.originalPort : packet.port, (port) => holdsPort(match.ranges, port));
		case 'to':
			return isInAny(match.cidrs, match.original ? packet.originalTo : packet.to, packet);
		case 'from':
			return isInAny(match.cidrs, packet.from, packet);
		case 'in':
			return isBy(packet.in, match.names, packet.isFromHere);
		case 'out':
			// What is redirected in OUTPUT leaves by lo, but later chains still see the interface it had before.
			return isBy(packet.out, match.names, packet.isToHere === true && !packet.isTranslated);
		case 'local':
			return match.end === 'source' ? packet.isFromHere : packet.isToHere;
		case 'uid':
			return known(packet.uid, (uid) => holdsPort(match.ranges, uid));
		case 'syn':
			return true;
		case 'unknown':
			return undefined;
	}
}

/** Packets from and to other hosts never use the loopback interface. */
function isBy(name: string | undefined, patterns: readonly string[], isLocal: Maybe): Maybe {
	if (name === undefined && isLocal === false && patterns.join() === 'lo') return false;
	return known(name, (it) => patterns.some((pattern) => isNamed(pattern, it)));
}

const familyName = ({ family }: Packet): string => family;

const known = <T>(value: T | undefined, is: (value: T) => boolean): Maybe =>
	value === undefined ? undefined : is(value);

export const holdsPort = (ranges: readonly Ports[], port: number): boolean =>
	ranges.some(({ from, to }) => from <= port && port <= to);

/** A list with networks of the other family only has no address of this one. */
function isInAny(cidrs: readonly Cidr[], address: string | undefined, { family }: Packet): Maybe {
	const own = cidrs.filter((cidr) => cidr.family === family);
	if (own.some(({ bits }) => bits === 0)) return true;
	if (own.length === 0) return false;
	return known(address, holderOf(own));
}

/** `+` is iptables' wildcard and `*` nft's. */
const isNamed = (pattern: string, name: string): boolean =>
	/[+*]$/.test(pattern) ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
