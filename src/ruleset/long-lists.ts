import type { Capture } from './capture.ts';
import type { Chain, Match, Rule } from './model.ts';

/**
 * A list of iptables is a rule for each address, or for each 15 ports, one of nft a rule for each range, and the kernel tries
 * one after the other. Up to as many rules as these, that takes no longer than a look-up in a set (`scripts/bench --only scale`).
 */
const MOST_ADDRESSES = 32;
const MOST_PORTS = 15 * MOST_ADDRESSES;

type List = readonly unknown[];
const isLong = (list: List, most: number): boolean => list.length > most;

const addressSettings = ['egressIgnoredIps', 'egressOnlyIps', 'ingressIgnoredIps'] as const;
const portSettings = ['appPorts', 'egressIgnoredPorts', 'egressOnlyPorts', 'ingressIgnoredPorts'] as const;

/** The settings whose lists are so long that a set is faster. */
export const longLists = (capture: Pick<Capture, (typeof addressSettings | typeof portSettings)[number]>): string[] => [
	...addressSettings.filter((key) => isLong(capture[key], MOST_ADDRESSES)),
	...portSettings.filter((key) => capture[key] !== '*' && isLong(capture[key], MOST_PORTS)),
];

/** The same chain, whose long lists are sets where the host has them. */
export const withSets = (chain: Chain, { hasSets }: Capture): Chain =>
	hasSets === true ? { ...chain, rules: chain.rules.map(looksUp) } : chain;

const looksUp = (rule: Rule): Rule => ({ ...rule, matches: rule.matches.map(asSet) });

function asSet(match: Match): Match {
	switch (match.kind) {
		case 'from':
		case 'to':
			return isLong(match.cidrs, MOST_ADDRESSES) ? { ...match, asSet: true } : match;
		case 'ports':
			return isLong(match.ports, MOST_PORTS) ? { ...match, asSet: true } : match;
		default:
			return match;
	}
}
