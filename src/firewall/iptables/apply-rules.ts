import { Failure } from '../../failure.ts';
import { type Family, families } from '../../values/units.ts';
import type { Firewall } from '../firewall.ts';
import { differences, hangsOn } from './diff.ts';
import { type BuiltIn, builtIns, emptyRules, type IptablesRules, parseIptablesSave } from './installed.ts';
import { renderRestoreDocument } from './restore-document.ts';

export type ByFamily<T> = Readonly<Record<Family, T>>;

export const emptyBothFamilies: ByFamily<IptablesRules> = { ipv4: emptyRules, ipv6: emptyRules };

/** Somebody who changes the same chains at the same moment makes a document stale; this often is coincidence no more. */
const ATTEMPTS = 5;

/** Our part of both families' tables as the kernel holds them now. */
export async function readHeld(firewall: Firewall, signal: AbortSignal): Promise<ByFamily<IptablesRules>> {
	const [ipv4, ipv6] = await Promise.all(families.map((family) => firewall.read(family, signal)));
	return { ipv4: parseIptablesSave(ipv4 ?? ''), ipv6: parseIptablesSave(ipv6 ?? '') };
}

/** The same of these families only; of the others what was read before is taken for true. */
export async function rereadFamilies(
	firewall: Firewall,
	before: ByFamily<IptablesRules>,
	suspects: readonly Family[],
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const read = async (family: Family) =>
		suspects.includes(family) ? parseIptablesSave(await firewall.read(family, signal)) : before[family];
	const [ipv4, ipv6] = await Promise.all([read('ipv4'), read('ipv6')]);
	return { ipv4, ipv6 };
}

/** What is to be there, given what is. */
export type Wanted = (found: ByFamily<IptablesRules>) => ByFamily<IptablesRules>;

/**
 * The only place that changes rules: read, render, check both families, commit them, read back, compare. Resolves to
 * what is there now; when it rejects, what was there before is there again. Where all is as wanted nothing is committed.
 * `known`, what was read back last, is taken for what is there if there is something to change about it; where that is
 * wrong, the commit or the reading back tells, and it is tried again from what is.
 */
export async function commitRules(
	firewall: Firewall,
	wanted: Wanted,
	signal: AbortSignal,
	known?: ByFamily<IptablesRules>,
): Promise<ByFamily<IptablesRules>> {
	const before = startingPoint(wanted, known) ?? (await readHeld(firewall, signal));
	let found = before;
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await commitOnce(firewall, found, wanted(found), signal);
		} catch (error) {
			const looking = attempt < ATTEMPTS ? changedSince(firewall, found, error, signal) : undefined;
			const now = await looking?.catch(() => undefined);
			if (now === undefined) {
				await rollBack(firewall, before);
				throw error;
			}
			found = now;
		}
	}
}

const startingPoint = (wanted: Wanted, known?: ByFamily<IptablesRules>): ByFamily<IptablesRules> | undefined =>
	known !== undefined && toChange(known, wanted(known)).length > 0 ? known : undefined;

/** What is there now, if it was somebody else who made the commit fail; undefined if trying again would not help. */
async function changedSince(firewall: Firewall, found: ByFamily<IptablesRules>, error: unknown, signal: AbortSignal) {
	if (signal.aborted) return undefined;
	const now = await readHeld(firewall, signal);
	const isChanged = families.some((family) => !isSame(now[family], found[family]));
	const isRetryable = error instanceof ReadBackFailure || (error instanceof Failure && error.code === 'interrupted');
	return isChanged || isRetryable ? now : undefined;
}

/** What was committed reads back otherwise: somebody else was at it, or the kernel does not mean what we mean. */
class ReadBackFailure extends Failure {}

const toChange = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Family[] =>
	families.filter((family) => differences(found[family], wanted[family]).length > 0);

const isSame = (a: IptablesRules, b: IptablesRules): boolean =>
	differences(a, b).length === 0 &&
	builtIns.every((chain) => a.createdPrerouting?.[chain] === b.createdPrerouting?.[chain]);

async function commitOnce(
	firewall: Firewall,
	before: ByFamily<IptablesRules>,
	wanted: ByFamily<IptablesRules>,
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const changed = toChange(before, wanted);
	if (changed.length === 0) return before;
	const documents = await Promise.all(
		changed.map(async (family) => {
			const makes = await madeBy(firewall, family, before[family], wanted[family]);
			return { family, document: renderRestoreDocument(before[family], wanted[family], makes) };
		}),
	);
	await Promise.all(documents.map(({ family, document }) => firewall.check(family, document, signal)));
	// Both to their end, also where one fails: what is put back then must not be overtaken by what still runs.
	const commits = documents.map(({ family, document }) => firewall.commit(family, document, signal));
	for (const commit of await Promise.allSettled(commits)) if (commit.status === 'rejected') throw commit.reason;
	return verify(firewall, before, wanted, changed, signal);
}

/** The built-in chains of mangle that are not there yet and will be. */
async function madeBy(
	firewall: Firewall,
	family: Family,
	before: IptablesRules,
	wanted: IptablesRules,
): Promise<BuiltIn[]> {
	const needed = builtIns.filter(
		(chain) => before.createdPrerouting?.[chain] === undefined && !hangsOn(before, chain) && hangsOn(wanted, chain),
	);
	const are = await Promise.all(needed.map((chain) => firewall.hasMangle(family, chain)));
	return needed.filter((_, at) => are[at] === false);
}

async function verify(
	firewall: Firewall,
	before: ByFamily<IptablesRules>,
	wanted: ByFamily<IptablesRules>,
	changed: readonly Family[],
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const after = await rereadFamilies(firewall, before, changed, signal);
	for (const family of changed) {
		const [first] = differences(after[family], wanted[family]);
		if (first === undefined) continue;
		throw new ReadBackFailure(
			'firewall',
			`Cannot keep the ${family} rules: what was committed reads back otherwise: ${first.kind} in ${first.table}: ${first.line}`,
			'Another program may have changed them at the same moment; try again, and see `turnout diff`',
		);
	}
	return after;
}

const PUT_BACK_MS = 10_000;

/**
 * Every table of a document is a commit of its own, so a family that failed may be changed in part. Also when we are
 * told to stop in the middle: half a change is worse than a late end.
 */
async function rollBack(firewall: Firewall, before: ByFamily<IptablesRules>): Promise<void> {
	const patience = AbortSignal.timeout(PUT_BACK_MS);
	const restored = families.map(async (family) => {
		const now = parseIptablesSave(await firewall.read(family, patience));
		if (!isSame(now, before[family]))
			await firewall.commit(family, renderRestoreDocument(now, before[family]), patience);
	});
	// One that cannot be put back does not keep the other from it; the failure that led here is the one that is told.
	await Promise.allSettled(restored);
}
