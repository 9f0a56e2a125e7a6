import type { Capture } from '../../ruleset/capture.ts';
import type { Evaluator } from '../../ruleset/evaluate.ts';
import { cgroupsOf } from '../../ruleset/exclusions.ts';
import type { Family } from '../../values/units.ts';
import type { Match, Packet, Ports } from './foreign-rule.ts';
import { allMatch, holdsPort } from './match-packet.ts';

/** A way on which connections are captured, and what their packets have in common before that. */
export interface Way {
	readonly kind: 'inbound' | 'outbound' | 'from bridges';
	readonly hook: 'prerouting' | 'output';
	readonly packet: Packet;
}

export function waysOf(capture: Capture, family: Family): Way[] {
	const hasInbound = capture.appPorts === '*' || capture.appPorts.length > 0;
	const inbound = { family, isFromHere: false, isToHere: true, isTranslated: false };
	const outbound = { family, isFromHere: true, isToHere: false, isTranslated: false };
	const bridges = capture.bridges.map((name): Way => {
		const packet = { family, in: name.replace(/\+$/, '0'), isFromHere: false, isToHere: false, isTranslated: false };
		return { kind: 'from bridges', hook: 'prerouting', packet };
	});
	return [
		...(hasInbound ? [{ kind: 'inbound', hook: 'prerouting', packet: inbound } as const] : []),
		{ kind: 'outbound', hook: 'output', packet: outbound },
		...bridges,
	];
}

/** Addresses of another host (RFC 5737, RFC 3849). */
const REMOTE = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' } as const;
const USUAL_PORTS = [443, 80, 8080];

/** A connection on this way that we capture and that these matches may apply to; undefined if there is none. */
export function capturedAmong(
	matches: readonly Match[],
	{ kind, hook, packet }: Way,
	capture: Capture,
	evaluate: Evaluator,
): Packet | undefined {
	const way = { kind, hook, packet };
	const candidates = candidatesAmong(matches, way, capture);
	const cgroups = cgroupsOf(capture, capture.onlyUnits).map(({ cgroup }) => cgroup.id);
	const judge: Evaluator = (at, attempt) => evaluate(at, { ...attempt, cgroups });
	return candidates.find((one) => isCaptured(one, way, matches, judge) && allMatch(matches, one) !== false);
}

function candidatesAmong(matches: readonly Match[], { kind, hook, packet }: Way, capture: Capture): Packet[] {
	const { family } = packet;
	const [from] = addressesAmong(matches, 'from', family, []);
	const uids = hook === 'output' ? uidsAmong(matches, capture) : [undefined];
	const addresses = addressesAmong(matches, 'to', family, kind === 'inbound' ? [] : capture.egressOnlyIps);
	const ports = portsAmong(matches, kind === 'inbound' ? capture.appPorts : capture.egressOnlyPorts);
	return ports.flatMap((port) =>
		addresses.flatMap((to) =>
			uids.map((uid) => ({ ...packet, from, to, originalTo: to, port, originalPort: port, uid })),
		),
	);
}

function isCaptured(one: Packet, { hook }: Way, matches: readonly Match[], evaluate: Evaluator): boolean {
	const isOut = hook === 'output';
	const outcome = evaluate(isOut ? 'OUTPUT' : 'PREROUTING', {
		from: one.from ?? REMOTE[one.family],
		to: one.to ?? REMOTE[one.family],
		port: one.port ?? 0,
		interface: one.in ?? interfaceAmong(matches, isOut ? 'out' : 'in'),
		isFromHere: isOut,
		isToHere: one.isToHere === true,
		uid: one.uid,
	});
	return typeof outcome === 'number';
}

/** Ports that the matches name, and captured ones among them. */
function portsAmong(matches: readonly Match[], captured: readonly Ports[] | '*'): number[] {
	const own = captured === '*' ? [] : captured.flatMap(({ from, to }) => [from, to]);
	const named = matches.flatMap((match) => (match.kind === 'ports' && !match.not ? [match.ranges] : []));
	const ends = named.flat().flatMap(({ from, to }) => [from, to]);
	const matching = own.filter((port) => named.every((ranges) => holdsPort(ranges, port)));
	return named.length === 0 ? (own.length > 0 ? own : USUAL_PORTS) : [...new Set([...matching, ...ends])];
}

function addressesAmong(
	matches: readonly Match[],
	kind: 'from' | 'to',
	family: Family,
	more: Capture['egressOnlyIps'],
): (string | undefined)[] {
	const named = matches.flatMap((match) => (match.kind === kind && !match.not ? match.cidrs : []));
	const found = [...named, ...more].filter((cidr) => cidr.family === family && cidr.bits > 0);
	if (found.length === 0) return [undefined];
	// No packet between hosts has a loopback address.
	return found.map(({ address }) => address).filter((address) => !/^127\.|^::1$/.test(address));
}

const uidsAmong = (matches: readonly Match[], { onlyUids }: Capture): (number | undefined)[] => {
	const named = matches.flatMap((match) => (match.kind === 'uid' && !match.not ? match.ranges : onlyUids));
	return named.length === 0 ? [undefined, ...onlyUids.map(({ from }) => from)] : named.map(({ from }) => from);
};

function interfaceAmong(matches: readonly Match[], kind: 'in' | 'out'): string {
	const named = matches.flatMap((match) => (match.kind === kind && !match.not ? match.names : []));
	return named[0]?.replace(/[+*]$/, '0') ?? 'eth0';
}
