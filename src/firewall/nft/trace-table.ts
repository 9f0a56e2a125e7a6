import type { Hook, Match } from '../../ruleset/model.ts';
import type { TracedChain, TracedRule, TracedRuleset, TracedVerdict } from '../../ruleset/trace.ts';
import { type Cidr, parseCidr } from '../../values/cidr.ts';
import { type Family, parseIds, parseInterfaces, parsePort, parsePorts } from '../../values/units.ts';
import { cgroupIdIn, withoutCgroup } from '../cgroup-comment.ts';
import { networksOf, numberOf } from './intervals.ts';
import { familyOf, type NftChain, type NftTable, tableNameOf, targetOf } from './nft-table.ts';

/** What is installed for one family, as a connection can be followed through it; what others have put there too. */
export function tracedTable({ chains, others }: NftTable, family: Family): TracedRuleset {
	if (others.includes('flags dormant')) return [];
	const bases = chains.filter(({ base }) => base !== undefined);
	return chains
		.filter(({ base, name }) => base === undefined && familyOf(name) === family)
		.map((chain): TracedChain => {
			const rules = chain.rules.flatMap((rule) => tracedRule(rule, family));
			return {
				table: tableNameOf(chain.name),
				name: shortName(chain.name),
				hooks: hooksOf(chain, bases, family),
				rules,
			};
		});
}

/** Without the table, which is told beside it. */
const shortName = (chain: string): string => chain.replace(/^(?:mangle|nat)_/, '');

const hooksOf = ({ name }: NftChain, bases: readonly NftChain[], family: Family): TracedChain['hooks'] =>
	bases.flatMap((base) => {
		const at: Hook['at'] = base.name.endsWith('_output') ? 'OUTPUT' : 'PREROUTING';
		return base.rules.flatMap((rule, position) =>
			targetOf(rule) === name ? tracedRule(rule, family).map((traced) => ({ at, position, ...traced })) : [],
		);
	});

/** None for a rule without a verdict. */
function tracedRule(rule: string, family: Family): TracedRule[] {
	const [, statements = '', because = ''] = /^(.*?)(?: comment "(?:turnout: )?([^"]*)")?$/.exec(rule) ?? [];
	const known = / comment "turnout: [^"]*"$/.test(rule) ? [...readersOfOurs, madeIn(cgroupIdIn(because))] : readers;
	const matches: Match[] = [];
	let rest = `${statements} `;
	for (let taken = takeMatch(rest, known, family); taken !== undefined; taken = takeMatch(rest, known, family)) {
		matches.push(...taken.matches);
		rest = rest.slice(taken.length);
	}
	const words = rest.trim();
	if (words === '') return [];
	const verdict = verdictOf(words, family);
	const unread = verdict.kind === 'unknown' ? { unread: words } : {};
	return [{ matches, verdict, because: because === '' ? statements : withoutCgroup(because), ...unread }];
}

/** The match that a rule begins with; undefined: it begins with none that is understood. */
function takeMatch(rest: string, known: Readers, family: Family) {
	for (const [pattern, read] of known) {
		const [whole, ...parts] = pattern.exec(rest) ?? [];
		const matches = whole === undefined ? undefined : quietly(() => read(parts.map(String), family));
		if (whole !== undefined && matches !== undefined) return { matches, length: whole.length };
	}
	return undefined;
}

/** What somebody else has written may be anything. */
function quietly<T>(read: () => T): T | undefined {
	try {
		return read();
	} catch {
		return undefined;
	}
}

type Read = (parts: readonly string[], family: Family) => readonly Match[];
type Readers = readonly (readonly [RegExp, Read])[];

const SET = '(\\{ [^}]* \\}|[^\\s{]+)';
const nothing: Read = () => [];

const readers: Readers = [
	[/^meta l4proto tcp /, nothing],
	[/^(?:meta|ct) mark set \d+ /, nothing],
	[/^counter name "[^"]*" /, nothing],
	[/^meta nfproto (ipv[46]) /, ([is], family) => (is === family ? [] : [NEVER])],
	[/^tcp flags & \(fin \| syn \| rst \| ack\) == syn /, () => [{ kind: 'syn' }]],
	[/^tcp flags & \(fin \| syn \| rst \| ack\) != syn /, () => [{ kind: 'not-syn' }]],
	[/^tcp flags & \(syn \| ack\) == \(syn \| ack\) /, () => [{ kind: 'syn-ack' }]],
	[/^fib (s|d)addr type (!= )?local /, ([end, not]) => [{ kind: 'local', end: ends(end), is: not !== '!= ' }]],
	[new RegExp(`^tcp dport ${SET} `), ([set = '']) => [{ kind: 'ports', ports: parsePorts(elementsOf(set).join()) }]],
	[new RegExp(`^meta sk(uid|gid) ${SET} `), ([id, set = '']) => owner(id === 'uid' ? 'uid' : 'gid', set)],
	[
		new RegExp(`^ip6? (s|d)addr ${SET} `),
		([end, set = ''], family) => addresses(end === 's' ? 'from' : 'to', set, family),
	],
	[/^(i|o)ifname "([^"]+)" /, ([way, name = '']) => interfaces(way === 'i' ? 'in' : 'out', name)],
	[/^ct state ((?:invalid|new|established|related)(?:,\w+)*) /, ([names = '']) => states(names.split(','))],
	[/^ct status dnat /, () => [{ kind: 'state', states: ['DNAT'] }]],
	[/^(?:ct mark \d+ )?ct direction reply /, () => [NEVER]],
];

/** What ours ask is known not to bear on where a first packet goes (match-attempt.ts); in a rule of others it may. */
const readersOfOurs: Readers = [
	...readers,
	[
		new RegExp(`^tcp sport ${SET} `),
		([set = '']) => [{ kind: 'own-ports', ports: parsePorts(elementsOf(set).join()) }],
	],
	[/^meta skuid >= 0 /, () => [{ kind: 'owned' }]],
	[/^meta iifkind "bridge" /, () => [{ kind: 'bridged' }]],
	[/^socket wildcard 0 /, () => [{ kind: 'socket' }]],
	[/^socket transparent 1 /, () => [{ kind: 'transparent-socket' }]],
];

/** Which cgroup it was is told by our comment. */
const madeIn = (id: number): Readers[number] => [
	/^socket cgroupv2 level \d+ "([^"]+)" /,
	([path = '']) => [{ kind: 'cgroup', cgroup: { path: `/${path}`, id } }],
];

/** A connection of the other family is not followed through this one's rules, and a first packet is no reply. */
const NEVER: Match = { kind: 'ports', ports: [] };

const ends = (end: string | undefined) => (end === 's' ? 'source' : 'destination');

const elementsOf = (set: string): string[] =>
	set
		.replace(/^\{ | \}$/g, '')
		.split(', ')
		.filter(Boolean);

const owner = (id: 'uid' | 'gid', set: string): readonly Match[] => [
	{ kind: 'owner', id, ranges: parseIds(elementsOf(set).join()).flatMap((each) => ('name' in each ? [] : [each])) },
];

const addresses = (kind: 'from' | 'to', set: string, family: Family): readonly Match[] => [
	{ kind, cidrs: elementsOf(set).flatMap((element) => cidrsOf(element, family)) },
];

function cidrsOf(element: string, family: Family): readonly Cidr[] {
	const [from = '', to] = element.split('-');
	if (to === undefined) return [parseCidr(from)];
	return networksOf(family, { from: numberOf(family, from), to: numberOf(family, to) });
}

const interfaces = (kind: 'in' | 'out', name: string): readonly Match[] => [
	{ kind, interfaces: parseInterfaces(name.replace(/\*$/, '+')) },
];

/** Of the states only these two are told apart; a first packet is in none of the others. */
const states = (names: readonly string[]): readonly Match[] => [
	{ kind: 'state', states: (['INVALID', 'NEW'] as const).filter((state) => names.includes(state.toLowerCase())) },
];

function verdictOf(words: string, family: Family): TracedVerdict {
	if (words === 'return') return { kind: 'return' };
	if (words === 'drop') return { kind: 'drop' };
	if (words === 'dnat to :1-65535') return { kind: 'keep-destination' };
	const [, redirect, chain] = /^(?:redirect to :(\d+)|jump (\S+))$/.exec(words) ?? [];
	const [, tproxy] = /^tproxy ip6? to :(\d+) accept$/.exec(words) ?? [];
	if (redirect !== undefined) return { kind: 'redirect', port: parsePort(redirect) };
	if (tproxy !== undefined) return { kind: 'tproxy', port: parsePort(tproxy), family };
	return chain === undefined ? { kind: 'unknown' } : { kind: 'jump', chain: shortName(chain) };
}
