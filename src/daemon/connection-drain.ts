import { failureOf } from '../failure.ts';
import type { DaemonDependencies } from './dependencies.ts';
import type { Reconciler } from './reconciler.ts';
import { type DaemonState, isStopping } from './state.ts';

/**
 * Captured connections go on after the rules are off; what they need for that is removed when the last has ended. The
 * caller holds `ruleLock`, but for `count`.
 */
export interface Drain {
	/** Something may be left to remove. */
	readonly isPending: () => boolean;
	/** Rules are off: removes the rest now if it can, and otherwise looks once a second. */
	readonly begin: () => Promise<void>;
	/** The same without the first try. */
	readonly beginLater: () => void;
	/** Rules are on again. */
	readonly cancel: () => void;
	/** Removes the rest if no captured connection is open. */
	readonly finish: () => Promise<void>;
	/** Removes the rest whatever is open. */
	readonly finishNow: (signal: AbortSignal) => Promise<void>;
	/** How many captured connections are open. */
	readonly count: () => Promise<number>;
}

const POLL_MS = 1_000;

export function createDrain(state: DaemonState, reconciler: Reconciler, deps: DaemonDependencies): Drain {
	let isPending = false;
	let isPolling = false;
	const count = () => deps.countRedirected([...state.redirectPorts], state.hadTransparent);
	const finishNow = async (signal?: AbortSignal) => {
		await removeRest(state, reconciler, deps, signal);
		isPending = false;
	};
	const finish = async () => {
		if (isPending && (await count()) === 0) await finishNow();
	};
	/** The rules are off all the same, and it is tried again. */
	const tryFinish = () =>
		finish().catch((error) => {
			deps.log('warn', 'what is left could not be taken away', { why: failureOf(error).message });
		});
	/** One poller, however often the rules were switched off meanwhile. */
	const poll = async () => {
		if (isPolling) return;
		isPolling = true;
		while (isPending && !isStopping(state)) {
			await deps.clock.sleep(POLL_MS);
			await state.ruleLock(async () => (isStopping(state) ? undefined : tryFinish()));
		}
		isPolling = false;
	};
	const beginLater = () => {
		isPending = true;
		void poll();
	};
	return {
		...{ isPending: () => isPending, beginLater, finish, finishNow, count },
		async begin() {
			isPending = true;
			await tryFinish();
			void poll();
		},
		cancel() {
			isPending = false;
		},
	};
}

async function removeRest(
	state: DaemonState,
	reconciler: Reconciler,
	deps: DaemonDependencies,
	signal: AbortSignal | undefined,
): Promise<void> {
	// First: what is still translated may go to whoever has taken Envoy's ports, and nothing else keeps them from it.
	await dropRedirectedConntrack(state, deps);
	await reconciler.remove(state.settings.context.host, { keepConntrack: false }, signal);
}

/** The next rules are not to find what these connections left in the kernel; that it stays harms hardly anybody. */
const dropRedirectedConntrack = (
	{ redirectPorts }: DaemonState,
	{ dropRedirectedConntrack: drop, log }: DaemonDependencies,
): Promise<void> =>
	drop(redirectPorts).catch((error) => {
		log('warn', 'ended connections could not be forgotten', { why: failureOf(error).message });
	});
