import type { Match } from '../../ruleset/model.ts';
import type { Cidr } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';
import { type Interval, mergedAddresses, mergedNumbers, networksOf, rangeOfCidr } from './intervals.ts';

/**
 * The lists of a rule, as far as each may be one set. Ranges have rules of their own, unless they are so many that a set is
 * made for them before (list-sets.ts); single values are in a hash, which is whole as soon as its rule is in force. So have
 * names of interfaces, as older versions of nft take none with a wildcard into a set.
 */
export const splitUp = (matches: readonly Match[], family: Family): readonly (readonly Match[])[] =>
	matches
		.map((match) => partsOf(match, family))
		.reduce<readonly (readonly Match[])[]>(
			(before, parts) => before.flatMap((each) => parts.map((part) => [...each, part])),
			[[]],
		);

function partsOf(match: Match, family: Family): Match[] {
	if ('asSet' in match) return [match];
	switch (match.kind) {
		case 'in':
		case 'out':
			return match.interfaces.map((name) => ({ ...match, interfaces: [name] }));
		case 'ports':
		case 'own-ports':
			return setsOf(mergedNumbers(match.ports)).map((ports) => ({ ...match, ports }));
		case 'owner':
			return setsOf(mergedNumbers(match.ranges)).map((ranges) => ({ ...match, ranges }));
		case 'from':
		case 'to':
			return cidrSets(match.cidrs, family).map((cidrs) => ({ ...match, cidrs }));
		default:
			return [match];
	}
}

/** All single values in one list, and each range in its own. */
function setsOf<T extends Interval<number | bigint>>(ranges: readonly T[]): (readonly T[])[] {
	const singles = ranges.filter(({ from, to }) => from === to);
	const others = ranges.filter(({ from, to }) => from !== to).map((range) => [range]);
	return singles.length === 0 ? others : [singles, ...others];
}

/** A network of no bits is every address. */
function cidrSets(cidrs: readonly Cidr[], family: Family): (readonly Cidr[])[] {
	if (cidrs.some(({ bits }) => bits === 0)) return [cidrs];
	const networks = mergedAddresses(cidrs.map(rangeOfCidr)).flatMap((range) => networksOf(family, range));
	return setsOf(networks.map((cidr) => ({ ...rangeOfCidr(cidr), cidr }))).map((set) => set.map(({ cidr }) => cidr));
}
