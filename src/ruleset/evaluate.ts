import type { Family } from '../values/units.ts';
import type { ConnectionAttempt } from './match-attempt.ts';
import type { Hook, Ruleset } from './model.ts';
import { createTracer, type Outcome } from './trace.ts';

export type Evaluator = (at: Hook['at'], attempt: ConnectionAttempt) => Outcome;

/** What the rules of one family do with a connection; see `createTracer` for why. */
export function createEvaluator(ruleset: Ruleset, family: Family): Evaluator {
	const trace = createTracer(ruleset, family);
	return (at, attempt) => trace(at, attempt).outcome;
}
