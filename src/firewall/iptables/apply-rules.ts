import { type ByFamily, byFamily, type Family, families } from '../../values/units.ts';
import { type Committer, commitUntilKept, readBackFailure, type Wanted } from '../commit.ts';
import type { Difference } from '../firewall.ts';
import { putSets, readSets, removeSets, setDifferences } from './apply-sets.ts';
import { differences, hangsOn } from './diff.ts';
import type { IptablesProgram } from './iptables-program.ts';
import { type BuiltIn, builtIns, emptyRules, type IptablesRules } from './iptables-rules.ts';
import { parseIptablesSave } from './parse-save.ts';
import { renewCgroups } from './renew-cgroups.ts';
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
 * Read, render, commit both families, read back, compare. Resolves to what is installed then; if it rejects, the
 * former rules are installed again. Commits nothing if all is as wanted. `last`, `isInterim`: see ApplyOptions.
 */
export const commitRules = (
	program: IptablesProgram,
	wanted: WantedRules,
	signal: AbortSignal,
	{ last, ...how }: CommitOptions = {},
): Promise<ByFamily<IptablesRules>> => commitUntilKept(committerOf(program, how), wanted, signal, last);

export interface CommitOptions {
	readonly last?: ByFamily<IptablesRules> | undefined;
	readonly isInterim?: boolean | undefined;
	/** Of which families the kernel has taken rules before; those that have some, and more later, are added. */
	readonly accepted?: Set<Family>;
}

const committerOf = (
	program: IptablesProgram,
	{ isInterim = false, accepted = new Set() }: Omit<CommitOptions, 'last'>,
): Committer<ByFamily<IptablesRules>> => ({
	read: (signal) => readRules(program, signal),
	isAsWanted: (found, wanted) => allDifferences(found, wanted).length === 0,
	isSame: (a, b) => families.every((of) => isSame(a[of], b[of]) && setDifferences(a[of], b[of]).length === 0),
	async commit(found, wanted, signal) {
		if (allDifferences(found, wanted).length === 0) return found;
		await putSets(program.sets, found, wanted);
		const changed = await commitOnce(program, accepted, { found, wanted }, signal);
		return isInterim ? changed : removeSets(program.sets, await verify(program, found, wanted, signal), wanted);
	},
	rollBack: (before) =>
		rollBack(
			program,
			byFamily((family) => renewCgroups(before[family], program.cgroupAt)),
		),
});

const toChange = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Family[] =>
	byLikelihood.filter((family) => differences(found[family], wanted[family]).length > 0);

/**
 * A kernel that takes no rules of a family mostly lacks IPv6, so IPv4 is not touched then. Asking with `--test` first would
 * make the kernel wait for a grace period per table, which takes longer than all else.
 */
const byLikelihood: readonly Family[] = ['ipv6', 'ipv4'];

const allDifferences = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Difference[] =>
	families.flatMap((family) => [
		...differences(found[family], wanted[family]),
		...setDifferences(found[family], wanted[family]),
	]);

const isSame = (a: IptablesRules, b: IptablesRules): boolean =>
	differences(a, b).length === 0 &&
	builtIns.every((chain) => a.createdBuiltIns?.[chain] === b.createdBuiltIns?.[chain]);

/** Resolves to what should be there then. */
async function commitOnce(
	program: IptablesProgram,
	accepted: Set<Family>,
	{ found: before, wanted }: { readonly found: ByFamily<IptablesRules>; readonly wanted: ByFamily<IptablesRules> },
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const changed = toChange(before, wanted);
	const documents = await Promise.all(
		changed.map(async (family) => {
			const created = await builtInsToCreate(program, family, before[family], wanted[family]);
			return { family, created, document: renderRestoreDocument(before[family], wanted[family], created) };
		}),
	);
	await Promise.all(changed.map((family) => program.check(family, signal)));
	for (const family of families) if (before[family].chains.length > 0) accepted.add(family);
	await commitAll(program, documents, accepted, signal);
	return byFamily((family) => {
		const change = documents.find((each) => each.family === family);
		return change === undefined ? before[family] : committed(before[family], wanted[family], change.created);
	});
}

interface Change {
	readonly family: Family;
	readonly document: string;
}

/**
 * One after the other, or both at once where the kernel has taken rules of both before: each commit waits for the kernel, and
 * neither is likely to be refused then. Both to their end, also where one fails: what still runs must not overtake the rollback.
 */
async function commitAll(program: IptablesProgram, of: readonly Change[], accepted: Set<Family>, signal: AbortSignal) {
	const commit = async ({ family, document }: Change) => {
		await program.commit(family, document, signal);
		accepted.add(family);
	};
	if (!of.every(({ family }) => accepted.has(family))) for (const each of of) await commit(each);
	else for (const end of await Promise.allSettled(of.map(commit))) if (end.status === 'rejected') throw end.reason;
}

/** With the built-in chains that count as created for us from then on. */
function committed(before: IptablesRules, wanted: IptablesRules, created: readonly BuiltIn[]): IptablesRules {
	const kept = builtIns.filter((chain) => created.includes(chain) || hangsOn(wanted, chain));
	const marks = kept.flatMap((chain) => {
		const mark = created.includes(chain) ? 'alone' : before.createdBuiltIns?.[chain];
		return mark === undefined ? [] : [[chain, mark] as const];
	});
	return { ...wanted, createdBuiltIns: Object.fromEntries(marks) };
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
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const changed = toChange(before, wanted);
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
