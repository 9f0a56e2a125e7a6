import type { Family } from '../values/units.ts';
import { type ConnectionAttempt, compile, type Matcher } from './match-attempt.ts';
import type { Hook, Match, Reason, TableName, Verdict } from './model.ts';

/** A number is the port of Envoy that the connection is redirected to; `unknown`: it depends on a rule that is not understood. */
export type Outcome = 'direct' | 'dropped' | 'unknown' | number;

/** `unknown`: what the rule does is not understood. */
export type TracedVerdict =
	| Exclude<Verdict, { readonly kind: 'jump' }>
	| { readonly kind: 'jump'; readonly chain: string }
	| { readonly kind: 'unknown' };

/** A rule that is desired, or one that is installed, which may be anybody's. */
export interface TracedRule extends Partial<Reason> {
	readonly matches: readonly Match[];
	readonly verdict: TracedVerdict;
	/** What of it is not understood, so that nobody knows whether it matches. */
	readonly unread?: string;
}

export interface TracedChain {
	readonly table: TableName;
	readonly name: string;
	readonly hooks: readonly TracedHook[];
	readonly rules: readonly TracedRule[];
	readonly otherwise?: Reason;
}

export interface TracedHook extends Pick<TracedRule, 'matches' | 'unread'>, Pick<Hook, 'at'> {
	/** Among the rules there, where chains need not be in the order of their hooks. */
	readonly position?: number;
}

/** A ruleset, or what is installed of one. */
export type TracedRuleset = readonly TracedChain[];

export interface Decision {
	readonly outcome: Outcome;
	/** The chains that the connection enters, each once and in order: `nat APPMESH_EGRESS`. */
	readonly chains: readonly string[];
	/** The rule that decides; undefined where none does. */
	readonly rule: TracedRule | undefined;
	/** Why none does, if it has entered a chain that captures. */
	readonly otherwise: Reason | undefined;
}

export type Tracer = (at: Hook['at'], attempt: ConnectionAttempt) => Decision;

/** Follows a connection through the rules of one family, walking tables and chains as the kernel does. */
export function createTracer(ruleset: TracedRuleset, family: Family): Tracer {
	const tables = (['mangle', 'nat'] as const).map((table) => {
		const chains = ruleset.filter((chain) => chain.table === table);
		const compiled = new Map(chains.map((chain) => [chain.name, compileChain(chain, family)]));
		const hooks = chains.flatMap((chain) => hooksOf(chain, family));
		return { chains: compiled, hooks: hooks.sort((a, b) => a.position - b.position) };
	});
	return (at, attempt) => {
		const passed: Passed = { chains: [], returned: undefined, otherwise: undefined };
		for (const { hooks, chains } of tables) {
			const attached = hooks.filter((hook) => hook.at === at);
			const end = walk(attached, chains, attempt, passed);
			if (end !== undefined) return decisionOf(passed, end.outcome, end.rule);
		}
		return decisionOf(passed, 'direct', passed.returned);
	};
}

interface Step {
	readonly matches: Matcher;
	readonly rule: TracedRule;
}
interface Steps extends Pick<TracedChain, 'otherwise'> {
	readonly name: string;
	readonly steps: readonly Step[];
}
type Chains = ReadonlyMap<string, Steps>;

/** What a connection has met so far. */
interface Passed {
	readonly chains: string[];
	/** The first rule that has let it go on, unless a later one takes it. */
	returned: TracedRule | undefined;
	otherwise: Reason | undefined;
}

interface End {
	readonly outcome: Outcome;
	readonly rule: TracedRule;
}

const decisionOf = ({ chains, otherwise }: Passed, outcome: Outcome, rule: TracedRule | undefined): Decision => ({
	outcome,
	chains,
	rule,
	otherwise: rule === undefined ? otherwise : undefined,
});

const compileChain = ({ table, name, rules, otherwise }: TracedChain, family: Family): Steps => ({
	name: `${table} ${name}`,
	steps: rules.map((rule) => stepOf(rule, family)),
	...(otherwise === undefined ? {} : { otherwise }),
});

const stepOf = (rule: TracedRule, family: Family): Step => ({ rule, matches: compile(rule.matches, family) });

const hooksOf = ({ name, hooks }: TracedChain, family: Family) =>
	hooks.map(({ at, position = 0, ...hook }) => ({
		...{ at, position },
		...stepOf({ ...hook, verdict: { kind: 'jump', chain: name } }, family),
	}));

/** Undefined: no verdict before the end of the chain or a return. */
function walk(steps: readonly Step[], chains: Chains, attempt: ConnectionAttempt, passed: Passed): End | undefined {
	for (const { matches, rule } of steps) {
		const end = matches(attempt) ? follow(rule, chains, attempt, passed) : undefined;
		if (end !== undefined) return end === 'return' ? undefined : end;
	}
	return undefined;
}

function follow(rule: TracedRule, chains: Chains, attempt: ConnectionAttempt, passed: Passed) {
	const { verdict } = rule.unread === undefined ? rule : unknown;
	switch (verdict.kind) {
		case 'return':
			passed.returned ??= rule;
			return 'return';
		case 'jump':
			return enter(chains.get(verdict.chain), chains, attempt, passed);
		case 'drop':
			return { outcome: 'dropped', rule } as const;
		case 'redirect':
		case 'tproxy':
			return { outcome: verdict.port, rule };
		case 'keep-destination':
			return { outcome: 'direct', rule } as const;
		case 'mark':
		case 'mark-connection':
			return undefined;
		case 'unknown':
			return { outcome: 'unknown', rule } as const;
	}
}

const unknown = { verdict: { kind: 'unknown' } } as const;

function enter(chain: Steps | undefined, chains: Chains, attempt: ConnectionAttempt, passed: Passed): End | undefined {
	if (chain === undefined) return undefined;
	if (!passed.chains.includes(chain.name)) passed.chains.push(chain.name);
	const end = walk(chain.steps, chains, attempt, passed);
	if (end === undefined) passed.otherwise ??= chain.otherwise;
	return end;
}
