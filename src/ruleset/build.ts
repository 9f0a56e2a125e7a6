import type { Family } from '../values/units.ts';
import { buildAnswers } from './answers.ts';
import type { Capture } from './capture.ts';
import { buildEgress } from './egress.ts';
import { buildGuard, buildIngress } from './ingress.ts';
import { buildInvalid } from './invalid.ts';
import { buildClient } from './keep-client.ts';
import { withSets } from './long-lists.ts';
import type { Ruleset } from './model.ts';
import { type Stage, wholeOf } from './stage.ts';
import { buildTproxy } from './tproxy.ts';

/** Builds the chains of one family, in the order in which they take effect: the guard before the redirects. */
export function buildRuleset(capture: Capture, family: Family, stage: Stage = 'all'): Ruleset {
	const built = [...buildEgress(capture, family), ...buildIngress(capture, family)];
	const capturing = built.map((chain) => withSets(chain, capture));
	const before = [...buildGuard(capture), ...buildAnswers(capture)];
	const transparent = [...buildTproxy(capture, family), ...buildClient(capture)].map((chain) =>
		withSets(chain, capture),
	);
	if (stage === 'syn') return [...before, ...transparent, ...capturing];
	const whole = capturing.map((chain) => wholeOf(chain, capture));
	return [...before, ...buildInvalid(capture, whole), ...transparent, ...whole];
}

/** There is more than the guard. */
export const isCapturing = (ruleset: Ruleset): boolean =>
	ruleset.some(({ table, hooks }) => table === 'nat' && hooks.length > 0);
