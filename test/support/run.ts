import type { Namespace } from '../lab/net/namespace.ts';
import { type Outcome, type RunOptions, turnout } from '../lab/turnout.ts';

/** A turnout command that has to succeed. */
export function run(host: Namespace, args: readonly string[], options: RunOptions = {}): Outcome {
	const outcome = turnout(host, args, options);
	if (outcome.code !== 0) throw new Error(`turnout ${args.join(' ')}: exit code ${outcome.code}: ${outcome.stderr}`);
	return outcome;
}
