import type { Log } from '../log.ts';
import type { StateFile, StateStore, Unwritten } from '../ports.ts';

const RETRY_MS = 2_000;

/**
 * What outlives the daemon, as far as the disk lets it: rules do not wait for a disk. What could not be written is told,
 * and written as soon as it can be. Where it can never be written, by how this host is set up, the first writing throws.
 */
export function createMemory(store: StateStore, log: Log, retryMs = RETRY_MS): StateFile {
	const found = store.read();
	if (found.broken !== '') log('warn', 'state set aside', { why: found.broken });
	let broken = found.broken;
	let hasBegun = false;
	let last = found.state;
	let unwritten: Unwritten | undefined;
	let retry: NodeJS.Timeout | undefined;
	const settle = (outcome: Unwritten | undefined) => {
		clearTimeout(retry);
		if (outcome !== undefined) retry = setTimeout(() => settle(store.write(last)), retryMs).unref();
		if (outcome !== undefined && unwritten === undefined)
			log('warn', 'state not written', { why: outcome.failure.message });
		if (outcome === undefined && unwritten !== undefined) log('info', 'state written');
		unwritten = outcome;
	};
	return {
		read: () => last,
		write(state) {
			const outcome = store.write(state);
			if (outcome !== undefined && !outcome.mayPass && !hasBegun) throw outcome.failure;
			// From the second time on it is somebody's wish: then what was lost is said anew.
			if (hasBegun) broken = '';
			hasBegun = true;
			last = state;
			settle(outcome);
		},
		trouble() {
			if (unwritten !== undefined) return unwrittenTrouble(unwritten);
			return broken === '' ? undefined : { why: broken, remedy: SAY_ANEW };
		},
	};
}

const SAY_ANEW = 'Say anew what is wanted: turnout enable, or turnout disable';

const unwrittenTrouble = ({ failure }: Unwritten) => ({
	why: `a restart would forget what was said last: ${failure.message}`,
	remedy: failure.remedy,
});
