import type { Dialect } from '../firewall/firewall.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import { emptyRules, type IptablesRules } from '../firewall/iptables/installed.ts';
import { renderIptables } from '../firewall/iptables/render-rules.ts';
import type { LocalRouting } from '../routing/taken.ts';
import { buildRuleset } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { buildGuard } from '../ruleset/ingress.ts';
import type { Stage } from '../ruleset/stage.ts';
import type { Family } from '../values/units.ts';

/** What is to hold on this host while interception is on. */
export interface DesiredRules {
	readonly dialect: Dialect;
	/** Those captured; of the others nothing is to be there but the guard. */
	readonly families: readonly Family[];
	/** Of the stage that it is at. */
	readonly rules: ByFamily<IptablesRules>;
	readonly stage: Stage;
	readonly stages: Readonly<Record<Stage, ByFamily<IptablesRules>>>;
	readonly homeward: LocalRouting;
}

/**
 * What is to hold while interception is on. Pure: `render` prints it, `init` and the daemon commit it. `guarded`: families
 * that can have rules, captured or not.
 */
export function buildTarget(
	capture: Capture,
	dialect: Dialect,
	families: readonly Family[],
	homeward: LocalRouting,
	guarded: readonly Family[] = families,
): DesiredRules {
	const rules = (family: Family, stage: Stage) => {
		if (families.includes(family)) return renderIptables(buildRuleset(capture, family, stage));
		return guarded.includes(family) ? renderIptables(buildGuard(capture)) : emptyRules;
	};
	const both = (stage: Stage) => ({ ipv4: rules('ipv4', stage), ipv6: rules('ipv6', stage) });
	const stages = { opening: both('opening'), all: both('all') };
	return { dialect, families, homeward, stage: 'all', stages, rules: stages.all };
}
