import type { Dialect } from '../ports.ts';
import type { Homeward } from '../routing/plan.ts';
import { buildRuleset } from '../ruleset/build.ts';
import type { Capture } from '../ruleset/capture.ts';
import { nothing } from '../ruleset/held.ts';
import { renderIptables } from '../ruleset/iptables.ts';
import type { Family } from '../units.ts';
import type { Target } from './interception.ts';

/** What is to hold while interception is on. Pure: `render` prints it, `init` and the daemon commit it. */
export function buildTarget(
	capture: Capture,
	dialect: Dialect,
	families: readonly Family[],
	homeward: Homeward,
): Target {
	const rules = (family: Family) =>
		families.includes(family) ? renderIptables(buildRuleset(capture, family)) : nothing;
	return { dialect, families, homeward, rules: { ipv4: rules('ipv4'), ipv6: rules('ipv6') } };
}
