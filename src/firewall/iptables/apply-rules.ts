import { type ByFamily, byFamily, type Family, families } from '../../values/units.ts';
import { type Committer, commitUntilKept, readBackFailure, type Wanted } from '../commit.ts';
import type { Difference } from '../firewall.ts';
import { putSets, readSets, removeSets, setDifferences } from './apply-sets.ts';
import { differences, hangsOn } from './diff.ts';
import type { IptablesProgram } from './iptables-program.ts';
import { type BuiltIn, builtIns, emptyRules, type IptablesRules } from './iptables-rules.ts';
import { parseIptablesSave } from './parse-save.ts';
import { renderRestoreDocument } from './restore-document.ts';

/** Our part of these families' tables as the kernel has them now; of the others what was read before. */
export async function readRules(
	program: IptablesProgram,
	signal: AbortSignal,
	{ before, of = families }: { readonly before?: ByFamily<IptablesRules>; readonly of?: readonly Family[] } = {},
): Promise<ByFamily<IptablesRules>> {
	const [sets, ...rules] = await Promise.all([
		readSets(program.sets),
		...families.map(async (family) =>
			before === undefined || of.includes(family)
				? parseIptablesSave(await program.read(family, signal))
				: before[family],
		),
	]);
	const [ipv4 = emptyRules, ipv6 = emptyRules] = rules;
	return { ipv4: { ...ipv4, sets: sets.ipv4 }, ipv6: { ...ipv6, sets: sets.ipv6 } };
}

/** What is to be there, given what is. */
export type WantedRules = Wanted<ByFamily<IptablesRules>>;

/**
 * Read, render, check both families, commit both, read back, compare. Resolves to what is installed then; if it rejects, the
 * former rules are installed again. Commits nothing if all is as wanted. `last`: see ApplyOptions.
 */
export const commitRules = (
	program: IptablesProgram,
	wanted: WantedRules,
	signal: AbortSignal,
	last?: ByFamily<IptablesRules>,
): Promise<ByFamily<IptablesRules>> => commitUntilKept(committerOf(program), wanted, signal, last);

const committerOf = (program: IptablesProgram): Committer<ByFamily<IptablesRules>> => ({
	read: (signal) => readRules(program, signal),
	isAsWanted: (found, wanted) => allDifferences(found, wanted).length === 0,
	isSame: (a, b) => families.every((of) => isSame(a[of], b[of]) && setDifferences(a[of], b[of]).length === 0),
	commit: (found, wanted, signal) => commitOnce(program, found, wanted, signal),
	rollBack: (before) => rollBack(program, before),
});

const toChange = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Family[] =>
	families.filter((family) => differences(found[family], wanted[family]).length > 0);

const allDifferences = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Difference[] =>
	families.flatMap((family) => [
		...differences(found[family], wanted[family]),
		...setDifferences(found[family], wanted[family]),
	]);

const isSame = (a: IptablesRules, b: IptablesRules): boolean =>
	differences(a, b).length === 0 &&
	builtIns.every((chain) => a.createdBuiltIns?.[chain] === b.createdBuiltIns?.[chain]);

async function commitOnce(
	program: IptablesProgram,
	before: ByFamily<IptablesRules>,
	wanted: ByFamily<IptablesRules>,
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	if (allDifferences(before, wanted).length === 0) return before;
	await putSets(program.sets, before, wanted);
	const changed = toChange(before, wanted);
	const documents = await Promise.all(
		changed.map(async (family) => {
			const created = await builtInsToCreate(program, family, before[family], wanted[family]);
			return { family, document: renderRestoreDocument(before[family], wanted[family], created) };
		}),
	);
	await Promise.all(documents.map(({ family, document }) => program.check(family, document, signal)));
	// Both to their end, also where one fails: a commit that still runs must not overtake the rollback.
	const commits = documents.map(({ family, document }) => program.commit(family, document, signal));
	for (const commit of await Promise.allSettled(commits)) if (commit.status === 'rejected') throw commit.reason;
	const after = await verify(program, before, wanted, changed, signal);
	return removeSets(program.sets, after, wanted);
}

/** The built-in chains of mangle that are not there yet and will be. */
async function builtInsToCreate(
	program: IptablesProgram,
	family: Family,
	before: IptablesRules,
	wanted: IptablesRules,
): Promise<BuiltIn[]> {
	const needed = builtIns.filter(
		(chain) => before.createdBuiltIns?.[chain] === undefined && !hangsOn(before, chain) && hangsOn(wanted, chain),
	);
	const are = await Promise.all(needed.map((chain) => program.hasMangleChain(family, chain)));
	return needed.filter((_, at) => are[at] === false);
}

async function verify(
	program: IptablesProgram,
	before: ByFamily<IptablesRules>,
	wanted: ByFamily<IptablesRules>,
	changed: readonly Family[],
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const after = await readRules(program, signal, { before, of: changed });
	for (const family of families) {
		const rules = changed.includes(family) ? differences(after[family], wanted[family]) : [];
		const sets = setDifferences(after[family], wanted[family]).filter(({ kind }) => kind === 'missing');
		const [first] = [...rules, ...sets];
		if (first !== undefined) throw readBackFailure(`the ${family} rules`, first);
	}
	return after;
}

const ROLLBACK_TIMEOUT_MS = 10_000;

/**
 * Each table of a document is a commit of its own, so a family that failed may be changed in part. Not stopped by the
 * caller's signal: half a change is worse than a late end.
 */
async function rollBack(program: IptablesProgram, before: ByFamily<IptablesRules>): Promise<void> {
	const signal = AbortSignal.timeout(ROLLBACK_TIMEOUT_MS);
	const sets = await readSets(program.sets);
	const now = byFamily((family) => ({ sets: sets[family] }));
	await putSets(program.sets, now, before);
	const restored = families.map(async (family) => {
		const rules = parseIptablesSave(await program.read(family, signal));
		if (!isSame({ ...rules, ...now[family] }, before[family]))
			await program.commit(family, renderRestoreDocument(rules, before[family]), signal);
	});
	// One family that fails keeps nobody from the other; the caller throws the failure that led here.
	await Promise.allSettled(restored);
	await removeSets(program.sets, now, before);
}
