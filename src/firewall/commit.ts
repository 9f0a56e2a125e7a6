import { Failure } from '../failure.ts';
import { memoize } from '../lib/memoize.ts';
import type { Difference } from './firewall.ts';

/** Others who change the same chains at the same moment make a document out of date; so often it is no coincidence. */
const ATTEMPTS = 5;

/** How one dialect reads and commits its rules. `Rules`: both families. */
export interface Committer<Rules extends object> {
	readonly read: (signal: AbortSignal) => Promise<Rules>;
	readonly isAsWanted: (found: Rules, wanted: Rules) => boolean;
	/** Also in what is not compared with what is wanted. */
	readonly isSame: (a: Rules, b: Rules) => boolean;
	/** Once, and reads back; nothing where all is as wanted. Rejects with a `readBackFailure` where that is not what was committed. */
	readonly commit: (found: Rules, wanted: Rules, signal: AbortSignal) => Promise<Rules>;
	/** Not stopped by the caller's signal: half a change is worse than a late end. */
	readonly rollBack: (before: Rules) => Promise<void>;
}

/** What is to be there, given what is. */
export type Wanted<Rules> = (found: Rules) => Rules;

/**
 * Commits until what is wanted is there. Resolves to what is installed then; if it rejects, the former rules are installed
 * again. Commits nothing if all is as wanted. `last`: see ApplyOptions.
 */
export async function commitUntilKept<Rules extends object>(
	committer: Committer<Rules>,
	wanted: Wanted<Rules>,
	signal: AbortSignal,
	last?: Rules,
): Promise<Rules> {
	const due = memoize(wanted);
	const before = startingPoint(committer, due, last) ?? (await committer.read(signal));
	let found = before;
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await committer.commit(found, due(found), signal);
		} catch (error) {
			const reading = attempt < ATTEMPTS ? readIfRetryable(committer, found, error, signal) : undefined;
			const now = await reading?.catch(() => undefined);
			if (now === undefined) {
				await committer.rollBack(before);
				throw error;
			}
			found = now;
		}
	}
}

/** If `last` is as wanted already, the rules have to be read: they may have changed since. */
const startingPoint = <Rules extends object>(
	{ isAsWanted }: Committer<Rules>,
	wanted: Wanted<Rules>,
	last?: Rules,
): Rules | undefined => (last !== undefined && !isAsWanted(last, wanted(last)) ? last : undefined);

/** What is there now, if somebody else made the commit fail; undefined if another attempt would not help. */
async function readIfRetryable<Rules extends object>(
	committer: Committer<Rules>,
	found: Rules,
	error: unknown,
	signal: AbortSignal,
): Promise<Rules | undefined> {
	if (signal.aborted) return undefined;
	const now = await committer.read(signal);
	const isRetryable = error instanceof ReadBackFailure || (error instanceof Failure && error.code === 'interrupted');
	return isRetryable || !committer.isSame(now, found) ? now : undefined;
}

/** The rules read back otherwise than committed: somebody else changed them, or the kernel reads them otherwise. */
class ReadBackFailure extends Failure {}

/** `what`: `the ipv4 rules`. */
export const readBackFailure = (what: string, { kind, table, line }: Difference): Failure =>
	new ReadBackFailure(
		'firewall',
		`Cannot keep ${what}: what was committed reads back otherwise: ${kind} in ${table}: ${line}`,
		'Another program may have changed them at the same moment; try again, and see `turnout diff`',
	);
