import { type ByFamily, byFamily, type Family } from '../../values/units.ts';
import type { Difference } from '../firewall.ts';
import { familyOf, type NftChain, type NftTable, TABLE, tableNameOf } from './nft-table.ts';

type Placed = Difference & { readonly family: Family };

/** Nothing where both have the same chains, rules and counters, whatever these have counted. */
export function tableDifferences(found: NftTable, wanted: NftTable): ByFamily<readonly Difference[]> {
	const names = new Set([...wanted.chains, ...found.chains].map(({ name }) => name));
	const all = [
		...found.others.map((other) => ({ kind: 'surplus', ...alone, line: other }) as const),
		...[...names].flatMap((name) => chainDifferences(chainIn(found, name), chainIn(wanted, name))),
		...counterDifferences(found, wanted),
		...setDifferences(found, wanted),
		...(found.exists && !wanted.exists ? [{ kind: 'surplus', ...alone, line: `table ${TABLE}` } as const] : []),
	];
	return byFamily((of) => all.flatMap(({ family, ...difference }) => (family === of ? difference : [])));
}

/** Of neither family nor table. */
const alone = { family: 'ipv4', table: 'nat' } as const;

export const chainIn = ({ chains }: NftTable, name: string): NftChain | undefined =>
	chains.find((chain) => chain.name === name);

function chainDifferences(found: NftChain | undefined, wanted: NftChain | undefined): Placed[] {
	if (wanted === undefined) return found === undefined ? [] : listed('surplus', found);
	if (found === undefined) return listed('missing', wanted);
	const base = found.base === wanted.base ? [] : [chainLine('misplaced', wanted)];
	const { missing, surplus } = apart(found.rules, wanted.rules);
	if (missing.length + surplus.length > 0)
		return [
			...base,
			...missing.map((rule) => ruleLine('missing', wanted, rule)),
			...surplus.map((rule) => ruleLine('surplus', found, rule)),
		];
	return isSameList(found.rules, wanted.rules)
		? base
		: [...base, { ...chainLine('misplaced', wanted), line: `chain ${TABLE} ${wanted.name} (order of its rules)` }];
}

function apart(found: readonly string[], wanted: readonly string[]) {
	const [are, due] = [new Set(found), new Set(wanted)];
	return { missing: wanted.filter((rule) => !are.has(rule)), surplus: found.filter((rule) => !due.has(rule)) };
}

export const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
	a.length === b.length && a.every((each, at) => each === b[at]);

const listed = (kind: Difference['kind'], chain: NftChain): Placed[] => [
	chainLine(kind, chain),
	...chain.rules.map((rule) => ruleLine(kind, chain, rule)),
];

/** A base chain is of the family of its first rule. */
const chainLine = (kind: Difference['kind'], { name, rules: [first] }: NftChain): Placed => ({
	...{ kind, family: familyOf(name, first), table: tableNameOf(name), line: `chain ${TABLE} ${name}` },
});

const ruleLine = (kind: Difference['kind'], { name }: NftChain, rule: string): Placed => ({
	...{ kind, family: familyOf(name, rule), table: tableNameOf(name), line: `rule ${TABLE} ${name} ${shortened(rule)}` },
});

/** `{ 10.0.0.0/24, 10.0.1.0/24, … 500 in all }`. */
const shortened = (rule: string): string =>
	rule.replace(/\{ ([^}]*) \}/g, (whole, list: string) => {
		const elements = list.split(', ');
		const begin = elements.slice(0, ELEMENTS_TOLD);
		return begin.length === elements.length ? whole : `{ ${begin.join(', ')}, … ${elements.length} in all }`;
	});

const ELEMENTS_TOLD = 8;

function counterDifferences(found: NftTable, wanted: NftTable): Placed[] {
	const told = (kind: Difference['kind']) => (name: string) =>
		({ kind, family: 'ipv4', table: tableNameOf(name), line: `counter ${TABLE} ${name}` }) as const;
	return differencesOf([...found.counters.keys()], [...wanted.counters.keys()], told);
}

/** A set that no rule uses is left over, for example by a process that was killed. What one that is used holds is in its rules. */
function setDifferences(found: NftTable, wanted: NftTable): Placed[] {
	const unused = ({ sets }: NftTable) => sets.filter(({ isUsed }) => !isUsed).map(({ name }) => name);
	const told = (kind: Difference['kind']) => (name: string) =>
		({ kind, ...alone, line: `set ${TABLE} ${name}` }) as const;
	return differencesOf(unused(found), unused(wanted), told);
}

function differencesOf(
	found: readonly string[],
	wanted: readonly string[],
	told: (kind: Difference['kind']) => (name: string) => Placed,
): Placed[] {
	const { missing, surplus } = apart(found, wanted);
	return [...missing.map(told('missing')), ...surplus.map(told('surplus'))];
}
