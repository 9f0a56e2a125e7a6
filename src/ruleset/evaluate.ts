import { holderOf } from '../values/cidr.ts';
import { type Family, holdsPort } from '../values/units.ts';
import type { Chain, ChainName, Hook, Match, Rule, Ruleset, Verdict } from './model.ts';

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
}

/** A number is the port of Envoy that the connection is redirected to. */
export type Outcome = 'direct' | 'dropped' | number;

export type Evaluator = (at: Hook['at'], attempt: ConnectionAttempt) => Outcome;

/** Evaluates the rules of one family for a connection, walking tables and chains as the kernel does. */
export function createEvaluator(ruleset: Ruleset, family: Family): Evaluator {
	const tables = (['mangle', 'nat'] as const).map((table) => {
		const chains = ruleset.filter((chain) => chain.table === table);
		const steps = new Map(chains.map(({ name, rules }) => [name, rules.map((rule) => stepOf(rule, family))]));
		return { steps, hooks: chains.flatMap((chain) => hooksOf(chain, family)) };
	});
	return (at, attempt) => {
		for (const { hooks, steps } of tables) {
			const attached = hooks.filter((hook) => hook.at === at);
			const outcome = walk(attached, steps, attempt);
			if (outcome !== undefined) return outcome;
		}
		return 'direct';
	};
}

interface Step extends Pick<Rule, 'verdict'> {
	readonly matches: Matcher;
}
type Matcher = (attempt: ConnectionAttempt) => boolean;
type Steps = ReadonlyMap<ChainName, readonly Step[]>;

const stepOf = ({ matches, verdict }: Pick<Rule, 'matches' | 'verdict'>, family: Family): Step => ({
	verdict,
	matches: compile(matches, family),
});

const hooksOf = ({ name, hooks }: Chain, family: Family) =>
	hooks.map(({ at, matches }) => ({ at, ...stepOf({ matches, verdict: { kind: 'jump', chain: name } }, family) }));

/** Undefined: no verdict before the end of the chain or a return. */
function walk(chain: readonly Step[], steps: Steps, attempt: ConnectionAttempt): Outcome | undefined {
	for (const { matches, verdict } of chain) {
		const outcome = matches(attempt) ? follow(verdict, steps, attempt) : undefined;
		if (outcome !== undefined) return outcome === 'return' ? undefined : outcome;
	}
	return undefined;
}

function follow(verdict: Verdict, steps: Steps, attempt: ConnectionAttempt): Outcome | 'return' | undefined {
	switch (verdict.kind) {
		case 'return':
			return 'return';
		case 'drop':
			return 'dropped';
		case 'redirect':
		case 'tproxy':
			return verdict.port;
		case 'keep-destination':
			return 'direct';
		case 'mark':
		case 'mark-connection':
			return undefined;
		case 'jump':
			return walk(steps.get(verdict.chain) ?? [], steps, attempt);
	}
}

function compile(matches: readonly Match[], family: Family): Matcher {
	const all = matches.map((match) => compileMatch(match, family));
	return (attempt) => all.every((matches) => matches(attempt));
}

function compileMatch(match: Match, family: Family): Matcher {
	switch (match.kind) {
		case 'ports':
			return ({ port }) => holdsPort(match.ports, port);
		case 'owner':
			return (attempt) => match.ranges.some((range) => isWithin(range, attempt[match.id]));
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
		case 'not-syn':
		case 'state':
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
