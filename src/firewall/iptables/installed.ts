import { type ByFamily, byFamily, families } from '../../values/units.ts';
import type { Installed, Removal, RulesByFamily } from '../firewall.ts';
import { setDifferences } from './apply-sets.ts';
import { drainRemainder, isRemoved } from './conntrack-anchor.ts';
import { countedRules } from './counted-rules.ts';
import { differences } from './diff.ts';
import { emptyRules, type IptablesRules } from './iptables-rules.ts';
import { renderIptables } from './render-rules.ts';
import { tracedRules } from './trace-rules.ts';

/** With what only this implementation knows. */
export interface InstalledIptables extends Installed {
	readonly rules: ByFamily<IptablesRules>;
}

export function describeInstalled(rules: ByFamily<IptablesRules>): InstalledIptables {
	const diff = (wanted: ByFamily<IptablesRules>) =>
		byFamily((family) => [
			...differences(rules[family], wanted[family]),
			...setDifferences(rules[family], wanted[family]),
		]);
	return {
		rules,
		get isEmpty() {
			return families.every((family) => diff(byFamily(() => emptyRules))[family].length === 0);
		},
		isClean: byFamily((family) => isRemoved(rules[family])),
		get ruleCount() {
			return families.flatMap((family) => rules[family].chains.flatMap((chain) => chain.rules)).length;
		},
		capturesWhole: (desired) => capturesWhole(rules, renderBoth(desired)),
		diff: (desired) => diff(renderBoth(desired)),
		leftovers: (removal) => diff(remainderAfter(rules, removal)),
		counted: (desired) => families.flatMap((family) => countedRules(rules[family].chains, desired[family], family)),
		get traced() {
			return byFamily((family) => tracedRules(rules[family]));
		},
	};
}

/** Undefined where another firewall has read it. */
export const rulesOf = (installed: Installed | undefined): ByFamily<IptablesRules> | undefined =>
	installed !== undefined && isIptables(installed) ? installed.rules : undefined;

const isIptables = (installed: Installed): installed is InstalledIptables => 'rules' in installed;

export const renderBoth = (desired: RulesByFamily): ByFamily<IptablesRules> =>
	byFamily((family) => renderIptables(desired[family]));

export const remainderAfter = (found: ByFamily<IptablesRules>, { keepConntrack }: Removal): ByFamily<IptablesRules> =>
	byFamily((family) => (keepConntrack ? drainRemainder(found[family]) : emptyRules));

const capturesWhole = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): boolean =>
	families.every((family) => {
		const are = wholeChains(found[family]);
		return wholeChains(wanted[family]).every((name) => are.includes(name));
	});

/** The chains that get more than what opens a connection. Hooks that are not ours, such as the 2019 script's, do not count. */
const wholeChains = ({ hooks }: IptablesRules): string[] =>
	hooks.flatMap(({ table, rule }) => {
		const [, name = ''] = /"turnout: .* -j (APPMESH_(?:EGRESS|INGRESS))$/.exec(rule) ?? [];
		const isOpening = / -m tcp --tcp-flags /.test(rule);
		return table === 'nat' && name !== '' && !isOpening ? [name] : [];
	});
