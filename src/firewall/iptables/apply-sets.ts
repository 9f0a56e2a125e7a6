import { memoize } from '../../lib/memoize.ts';
import { type ByFamily, byFamily, families } from '../../values/units.ts';
import type { Difference } from '../firewall.ts';
import type { InstalledSet, IpSet } from './ip-set.ts';
import type { SetProgram } from './iptables-program.ts';
import type { IptablesRules } from './iptables-rules.ts';

type Sets = Pick<IptablesRules, 'sets'>;

/** The sets of each family; a list of ports serves both. */
export async function readSets(program: SetProgram): Promise<ByFamily<readonly InstalledSet[]>> {
	const found = await program.read();
	return byFamily((family) => found.filter(({ kind }) => kind === family || kind === 'ports'));
}

/** A set that no rule uses is left over, for example by a process that was killed. One that is used goes with its rules. */
export function setDifferences(found: Sets, wanted: Sets): Difference[] {
	const [are = [], should = []] = [found.sets, wanted.sets];
	const missing = should.filter((set) => !are.some((other) => isSameSet(set, other)));
	const surplus = are.filter((set) => isUnused(set) && !should.some(({ name }) => name === set.name));
	return [...missing.map((set) => difference('missing', set)), ...surplus.map((set) => difference('surplus', set))];
}

const isSameSet = (a: IpSet, b: IpSet): boolean => a.name === b.name && textOf(a.entries) === textOf(b.entries);

/** Remembered: a daemon compares the same thousands again and again. */
const textOf = memoize((entries: readonly string[]): string => entries.join());

/** Of a set that was read. */
const isUnused = (set: IpSet | InstalledSet): boolean => 'isUsed' in set && !set.isUsed;

const difference = (kind: Difference['kind'], { name, entries }: IpSet): Difference => ({
	kind,
	table: 'ipset',
	line: `create ${name} (with its ${entries.length} entries)`,
});

/** Before the rules that use them. A set that somebody has changed gets its entries back at once. */
export async function putSets(program: SetProgram, found: ByFamily<Sets>, wanted: ByFamily<Sets>): Promise<void> {
	const are = allSets(found);
	for (const set of allSets(wanted).values()) {
		const former = are.get(set.name);
		if (former === undefined || !isSameSet(former, set)) await program.put(set, former !== undefined);
	}
}

/** After the rules that used them: the kernel keeps a set that a rule uses. Resolves to what is there then. */
export async function removeSets<Found extends Sets>(
	program: SetProgram,
	found: ByFamily<Found>,
	wanted: ByFamily<Sets>,
): Promise<ByFamily<Found>> {
	const needed = allSets(wanted);
	for (const { name } of allSets(found).values()) if (!needed.has(name)) await program.remove(name);
	const isNeeded = ({ name }: IpSet): boolean => needed.has(name);
	return byFamily((family) => ({ ...found[family], sets: found[family].sets?.filter(isNeeded) ?? [] }));
}

const allSets = (of: ByFamily<Sets>): Map<string, IpSet> =>
	new Map(families.flatMap((family) => of[family].sets ?? []).map((set) => [set.name, set]));
