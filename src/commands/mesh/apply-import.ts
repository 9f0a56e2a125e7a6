import { Failure, failureOf } from '../../failure.ts';
import { resourceId } from '../../mesh/resource-id.ts';
import type { Put } from '../../store/plan-import.ts';
import type { Entry, MovableStore, Outcome } from '../../store/store.ts';
import { firstVersion, nextVersion } from '../../store/versions.ts';

/** What is to be changed, in this order. */
export interface Wish {
	readonly puts: readonly Put[];
	readonly removed: readonly Entry[];
}

export interface Refused {
	readonly resource: string;
	/** Of the file that was to be imported, or of what is there. */
	readonly file: string;
	readonly line: number;
	readonly why: string;
}

/**
 * What is refused does not hold up the others: what needs it is refused as well, and the next time all that is there already is
 * left alone. Throws where nothing answers any more, or it was told to stop.
 */
export async function applyImport(
	store: MovableStore,
	{ puts, removed }: Wish,
	signal: AbortSignal,
): Promise<Refused[]> {
	const steps = [
		...puts.map((put) => ({ resource: put.resource, act: () => putOne(store, put) })),
		...removed.map(({ resource, revision }) => ({ resource, act: () => store.remove(resource, revision) })),
	];
	const refused: Refused[] = [];
	for (const [done, { resource, act }] of steps.entries()) {
		const so = `${done - refused.length} of ${steps.length} changes are made`;
		if (signal.aborted) throw stopped(so);
		const why = await refusalOf(act, so, signal);
		if (why === undefined) continue;
		const { file, line } = resource.placeOf('');
		refused.push({ resource: resourceId(resource), file, line, why });
	}
	return refused;
}

const stopped = (so: string): Failure => new Failure('interrupted', `Stopped: ${so}`, AGAIN);

const AGAIN = 'Run it again to go on: what is done already is left alone';

function putOne(store: MovableStore, { resource, former }: Put): Promise<Outcome> {
	const nowMs = Date.now();
	if (former === undefined) return store.put({ resource, tags: [], metadata: firstVersion(nowMs) });
	const { tags, metadata, revision } = former;
	return store.put({ resource, tags, metadata: nextVersion(metadata, nowMs) }, revision);
}

/** Undefined: it is done. */
async function refusalOf(act: () => Promise<Outcome>, so: string, signal: AbortSignal): Promise<string | undefined> {
	try {
		return whyNot(await act());
	} catch (error) {
		if (signal.aborted) throw stopped(so);
		const { code, message, remedy } = failureOf(error);
		if (code === 'internal') throw error;
		if (code === 'socket') throw new Failure(code, `${message}; ${so}`, AGAIN, error);
		return remedy === '' ? message : `${message}; ${remedy}`;
	}
}

function whyNot(outcome: Outcome): string | undefined {
	if (outcome === 'done') return undefined;
	return outcome === 'outdated' ? 'somebody else has changed it meanwhile; run it again' : outcome.fixed;
}
