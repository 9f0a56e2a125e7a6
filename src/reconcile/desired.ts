import type { Dialect, RulesByFamily } from '../firewall/firewall.ts';
import type { LocalRouting } from '../routing/local-routing.ts';
import { buildRuleset } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { buildGuard } from '../ruleset/ingress.ts';
import type { Stage } from '../ruleset/stage.ts';
import { byFamily, type Family } from '../values/units.ts';

/** What should hold on this host while interception is on. */
export interface DesiredRules {
	readonly dialect: Dialect;
	/** Those captured; the others get nothing but the guard. */
	readonly families: readonly Family[];
	/** Of the current stage. */
	readonly rules: RulesByFamily;
	readonly stage: Stage;
	readonly stages: Readonly<Record<Stage, RulesByFamily>>;
	readonly localRouting: LocalRouting;
}

/** Pure: `render` prints it, `init` and the daemon apply it. `guarded`: families that can have rules, captured or not. */
export function buildDesiredRules(
	capture: Capture,
	dialect: Dialect,
	families: readonly Family[],
	localRouting: LocalRouting,
	guarded: readonly Family[] = families,
): DesiredRules {
	const rulesAt = (stage: Stage) =>
		byFamily((family) => {
			if (families.includes(family)) return buildRuleset(capture, family, stage);
			return guarded.includes(family) ? buildGuard(capture) : [];
		});
	const stages = { syn: rulesAt('syn'), all: rulesAt('all') };
	return { dialect, families, localRouting, stage: 'all', stages, rules: stages.all };
}
