import type { Log } from '../log.ts';
import type { State, StateFile, StateStore, WriteFailure } from './stores.ts';

const RETRY_MS = 2_000;

/** A disk error never blocks a rule change: it is logged, shown in status and retried. Only the first write throws. */
export function createPersistentState(store: StateStore, log: Log, retryMs = RETRY_MS): StateFile {
	const found = store.read();
	if (found.broken !== '') log('warn', 'state set aside', { why: found.broken });
	let broken = found.broken;
	let hasBegun = false;
	let last = found.state;
	const writing = createWriting(store, () => last, log, retryMs);
	return {
		read: () => last,
		write(state) {
			const outcome = store.write(state);
			if (outcome !== undefined && !outcome.isTransient && !hasBegun) throw outcome.failure;
			// From the second write on the user has asked for something again: what was lost no longer matters.
			if (hasBegun) broken = '';
			hasBegun = true;
			last = state;
			writing.follow(outcome);
		},
		whenDurable: writing.whenDurable,
		problem() {
			const unwritten = writing.unwritten();
			if (unwritten !== undefined) return unwrittenTrouble(unwritten);
			return broken === '' ? undefined : { why: broken, remedy: SAY_ANEW };
		},
	};
}

interface Writing extends Pick<StateFile, 'whenDurable'> {
	/** How the last write went so far. */
	readonly follow: (outcome: WriteFailure | undefined) => void;
	readonly unwritten: () => WriteFailure | undefined;
}

/** Follows a write until the disk has it, as it may fail late; retries what failed. */
function createWriting(store: StateStore, last: () => State, log: Log, retryMs: number): Writing {
	const waiting: (() => void)[] = [];
	let unwritten: WriteFailure | undefined;
	let retry: NodeJS.Timeout | undefined;
	let isKept = true;
	const conclude = (outcome: WriteFailure | undefined) => {
		clearTimeout(retry);
		if (outcome !== undefined) retry = setTimeout(() => follow(store.write(last())), retryMs).unref();
		logChange(log, outcome, unwritten);
		unwritten = outcome;
		isKept = outcome === undefined;
		for (const act of isKept ? waiting.splice(0) : []) act();
	};
	const follow = (outcome: WriteFailure | undefined) => {
		isKept = false;
		if (outcome !== undefined) return conclude(outcome);
		const written = last();
		void store.published().then((late) => (last() === written ? conclude(late) : undefined));
	};
	const whenDurable = (act: () => void) => void (isKept ? act() : waiting.push(act));
	return { follow, whenDurable, unwritten: () => unwritten };
}

function logChange(log: Log, now: WriteFailure | undefined, before: WriteFailure | undefined): void {
	if (now !== undefined && before === undefined) log('warn', 'state not written', { why: now.failure.message });
	if (now === undefined && before !== undefined) log('info', 'state written');
}

const SAY_ANEW = 'Say anew what is wanted: turnout enable, or turnout disable';

const unwrittenTrouble = ({ failure }: WriteFailure) => ({
	why: `a restart would forget what was said last: ${failure.message}`,
	remedy: failure.remedy,
});
