import { memoize } from '../../lib/memoize.ts';
import type { Match } from '../../ruleset/model.ts';
import { contentDigits } from '../content-digits.ts';
import { type IpSet, networkEntries, portEntries, type SetKind } from './ip-set.ts';

/** The set of a match whose list is one (ruleset/long-lists.ts); undefined for any other match. */
export const setOf = memoize((match: Match): IpSet | undefined => {
	if (!isInSet(match)) return undefined;
	if (match.kind === 'ports') return named('ports', portEntries(match.ports));
	return named(match.cidrs[0]?.family ?? 'ipv4', networkEntries(match.cidrs));
});

type Listed = Extract<Match, { readonly asSet?: true }>;
const isInSet = (match: Match): match is Listed => 'asSet' in match && match.asSet === true;

function named(kind: SetKind, entries: readonly string[]): IpSet {
	return { name: `turnout-${kind}-${contentDigits(entries.join(','))}`, kind, entries };
}
