import { holderOf } from '../values/cidr.ts';
import { type Family, holdsPort } from '../values/units.ts';
import type { Chain, ChainName, Hook, Match, Rule, Ruleset, Verdict } from './model.ts';

/** A connection as its first packet shows it to the rules. */
export interface ConnectionAttempt {
	readonly from: string;
	readonly to: string;
	/** The one dialled. */
	readonly port: number;
	/** The interface that it comes in by, in PREROUTING, or leaves by, in OUTPUT. */
	readonly interface: string;
	/** Whether its ends are addresses of this host. */
	readonly isFromHere: boolean;
	readonly isToHere: boolean;
	/** Of the process that opened it, in OUTPUT; what only passes has none. */
	readonly uid?: number | undefined;
	readonly gid?: number | undefined;
}

/** A port: Envoy's, where it is redirected to. */
export type Outcome = 'direct' | 'dropped' | number;

export type Evaluator = (at: Hook['at'], opening: ConnectionAttempt) => Outcome;

/** What the rules of one family do with a connection: the kernel's own way through the chains, without the kernel. */
export function createEvaluator(ruleset: Ruleset, family: Family): Evaluator {
	const tables = (['mangle', 'nat'] as const).map((table) => {
		const chains = ruleset.filter((chain) => chain.table === table);
		const steps = new Map(chains.map(({ name, rules }) => [name, rules.map((rule) => stepOf(rule, family))]));
		return { steps, hooks: chains.flatMap((chain) => hooksOf(chain, family)) };
	});
	return (at, opening) => {
		for (const { hooks, steps } of tables) {
			const standing = hooks.filter((hook) => hook.at === at);
			const fate = walk(standing, steps, opening);
			if (fate !== undefined) return fate;
		}
		return 'direct';
	};
}

interface Step extends Pick<Rule, 'verdict'> {
	readonly matches: Holds;
}
type Holds = (opening: ConnectionAttempt) => boolean;
type Steps = ReadonlyMap<ChainName, readonly Step[]>;

const stepOf = ({ matches, verdict }: Pick<Rule, 'matches' | 'verdict'>, family: Family): Step => ({
	verdict,
	matches: compile(matches, family),
});

const hooksOf = ({ name, hooks }: Chain, family: Family) =>
	hooks.map(({ at, matches }) => ({ at, ...stepOf({ matches, verdict: { kind: 'jump', chain: name } }, family) }));

/** Undefined: nobody decided before the end of the chain, or before a return. */
function walk(chain: readonly Step[], steps: Steps, opening: ConnectionAttempt): Outcome | undefined {
	for (const { matches, verdict } of chain) {
		const fate = matches(opening) ? follow(verdict, steps, opening) : undefined;
		if (fate !== undefined) return fate === 'return' ? undefined : fate;
	}
	return undefined;
}

function follow(verdict: Verdict, steps: Steps, opening: ConnectionAttempt): Outcome | 'return' | undefined {
	switch (verdict.kind) {
		case 'return':
			return 'return';
		case 'drop':
			return 'dropped';
		case 'redirect':
			return verdict.port;
		case 'jump':
			return walk(steps.get(verdict.chain) ?? [], steps, opening);
	}
}

function compile(matches: readonly Match[], family: Family): Holds {
	const all = matches.map((match) => compileMatch(match, family));
	return (opening) => all.every((holds) => holds(opening));
}

function compileMatch(match: Match, family: Family): Holds {
	switch (match.kind) {
		case 'ports':
			return ({ port }) => holdsPort(match.ports, port);
		case 'owner':
			return (opening) => isWithin(match.range, opening[match.id]);
		case 'from':
		case 'to': {
			const { kind, cidr } = match;
			const holds = cidr.family === family ? holderOf(cidr) : () => false;
			return (opening) => holds(opening[kind]);
		}
		case 'in':
		case 'out':
			return (opening) => isNamed(match.interface, opening.interface);
		case 'opening':
			return () => true;
		case 'going-on':
		case 'state':
		case 'answer':
		case 'own-ports':
		case 'owned':
			// Never about what opens a connection.
			return () => false;
		case 'local':
			return ({ isFromHere, isToHere }) => (match.end === 'source' ? isFromHere : isToHere) === match.is;
	}
}

const isWithin = ({ from, to }: { readonly from: number; readonly to: number }, id: number | undefined): boolean =>
	id !== undefined && from <= id && id <= to;

const isNamed = (pattern: string, name: string): boolean =>
	pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
