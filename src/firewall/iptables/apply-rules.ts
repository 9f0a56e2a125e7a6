import { Failure } from '../../failure.ts';
import { type ByFamily, type Family, families } from '../../values/units.ts';
import { differences, hangsOn } from './diff.ts';
import type { IptablesProgram } from './iptables-program.ts';
import { type BuiltIn, builtIns, type IptablesRules } from './iptables-rules.ts';
import { parseIptablesSave } from './parse-save.ts';
import { renderRestoreDocument } from './restore-document.ts';

/** Others who change the same chains at the same moment make a document out of date; so often it is no coincidence. */
const ATTEMPTS = 5;

/** Our part of these families' tables as the kernel has them now; of the others what was read before. */
export async function readRules(
	program: IptablesProgram,
	signal: AbortSignal,
	{ before, of = families }: { readonly before?: ByFamily<IptablesRules>; readonly of?: readonly Family[] } = {},
): Promise<ByFamily<IptablesRules>> {
	const read = async (family: Family) =>
		before === undefined || of.includes(family)
			? parseIptablesSave(await program.read(family, signal))
			: before[family];
	const [ipv4, ipv6] = await Promise.all([read('ipv4'), read('ipv6')]);
	return { ipv4, ipv6 };
}

/** What is to be there, given what is. */
export type WantedRules = (found: ByFamily<IptablesRules>) => ByFamily<IptablesRules>;

/**
 * The only place that changes rules: read, render, check both families, commit both, read back, compare. Resolves to what
 * is installed then; if it rejects, the former rules are installed again. Commits nothing if all is as wanted.
 * `last`: see ApplyOptions.
 */
export async function commitRules(
	program: IptablesProgram,
	wanted: WantedRules,
	signal: AbortSignal,
	last?: ByFamily<IptablesRules>,
): Promise<ByFamily<IptablesRules>> {
	const before = startingPoint(wanted, last) ?? (await readRules(program, signal));
	let found = before;
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await commitOnce(program, found, wanted(found), signal);
		} catch (error) {
			const reading = attempt < ATTEMPTS ? readIfRetryable(program, found, error, signal) : undefined;
			const now = await reading?.catch(() => undefined);
			if (now === undefined) {
				await rollBack(program, before);
				throw error;
			}
			found = now;
		}
	}
}

/** If `last` is as wanted already, the rules have to be read: they may have changed since. */
const startingPoint = (wanted: WantedRules, last?: ByFamily<IptablesRules>): ByFamily<IptablesRules> | undefined =>
	last !== undefined && toChange(last, wanted(last)).length > 0 ? last : undefined;

/** What is there now, if somebody else made the commit fail; undefined if another attempt would not help. */
async function readIfRetryable(
	program: IptablesProgram,
	found: ByFamily<IptablesRules>,
	error: unknown,
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules> | undefined> {
	if (signal.aborted) return undefined;
	const now = await readRules(program, signal);
	const isChanged = families.some((family) => !isSame(now[family], found[family]));
	const isRetryable = error instanceof ReadBackFailure || (error instanceof Failure && error.code === 'interrupted');
	return isChanged || isRetryable ? now : undefined;
}

/** The rules read back otherwise than committed: somebody else changed them, or the kernel reads them otherwise. */
class ReadBackFailure extends Failure {}

const toChange = (found: ByFamily<IptablesRules>, wanted: ByFamily<IptablesRules>): Family[] =>
	families.filter((family) => differences(found[family], wanted[family]).length > 0);

const isSame = (a: IptablesRules, b: IptablesRules): boolean =>
	differences(a, b).length === 0 &&
	builtIns.every((chain) => a.createdBuiltIns?.[chain] === b.createdBuiltIns?.[chain]);

async function commitOnce(
	program: IptablesProgram,
	before: ByFamily<IptablesRules>,
	wanted: ByFamily<IptablesRules>,
	signal: AbortSignal,
): Promise<ByFamily<IptablesRules>> {
	const changed = toChange(before, wanted);
	if (changed.length === 0) return before;
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
	return verify(program, before, wanted, changed, signal);
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

const ROLLBACK_TIMEOUT_MS = 10_000;

/**
 * Each table of a document is a commit of its own, so a family that failed may be changed in part. Not stopped by the
 * caller's signal: half a change is worse than a late end.
 */
async function rollBack(program: IptablesProgram, before: ByFamily<IptablesRules>): Promise<void> {
	const signal = AbortSignal.timeout(ROLLBACK_TIMEOUT_MS);
	const restored = families.map(async (family) => {
		const now = parseIptablesSave(await program.read(family, signal));
		if (!isSame(now, before[family])) await program.commit(family, renderRestoreDocument(now, before[family]), signal);
	});
	// One family that fails keeps nobody from the other; the caller throws the failure that led here.
	await Promise.allSettled(restored);
}
