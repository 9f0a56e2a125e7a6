import { setTimeout as sleep } from 'node:timers/promises';
import { delayMs } from '../lib/delay.ts';
import type { Repairs } from '../status/types.ts';
import type { Ear } from './change-monitor.ts';
import type { DaemonParts } from './dependencies.ts';
import { mend, type Suspect } from './drift-check.ts';
import { createLedger, type Ledger, type Trouble } from './repair-log.ts';
import { createRoom } from './routing-room.ts';
import type { Holding } from './state.ts';

/** What others change on the host is noticed, held against what is wanted, and put right. */
export interface Drift extends Ear {
	/** Looks by itself too, until the signal is aborted; the more often the less is told. */
	readonly watch: (isTold: () => boolean, signal: AbortSignal) => Promise<void>;
	readonly repairs: () => Repairs;
	/** What keeps it from being put right; undefined where nothing does. */
	readonly trouble: () => Trouble | undefined;
}

/** One change of somebody's is often several commits: what follows at once is looked at together. */
const QUIET_MS = 2;
/** firewalld's reload is many commits, and one of ours between two of them may make it fail. */
const FIREWALLD_MS = 300;

/** What has been noticed and not been looked at yet. */
interface Suspicion {
	readonly subjects: Set<Suspect>;
	by: string;
	/** Nobody but ourselves has changed anything. */
	isOwn: boolean;
	readonly sinceMs: number;
}

export function createDrift(holding: Holding, parts: DaemonParts): Drift {
	const ledger = createLedger(parts);
	const makeRoom = createRoom(holding, parts);
	const looks = createLooks(ledger, (suspicion) =>
		look(ledger, parts, suspicion, (onBegin) =>
			holding.exclusive(() => {
				onBegin();
				return mend(holding, parts, suspicion.subjects);
			}),
		),
	);
	return {
		onNotice({ subject, by, isOwn }) {
			if (subject === 'routes') makeRoom();
			looks.suspect([subject], by, { isOwn });
		},
		onLost(of) {
			if (of === 'routes') makeRoom();
			parts.tallies.add('noticesLost', of);
			looks.suspect(['everything'], '');
		},
		async watch(isTold, signal) {
			let lookedMs = performance.now();
			while (!signal.aborted) {
				await sleep(OFTEN_MS, undefined, { signal, ref: false }).catch(() => undefined);
				if (isTold() && performance.now() - lookedMs < pollMs(holding)) continue;
				lookedMs = performance.now();
				looks.suspect(['everything'], '');
			}
		},
		repairs: ledger.repairs,
		trouble: ledger.trouble,
	};
}

/** Looks are made one at a time and no sooner than the ledger allows; what is noticed meanwhile is looked at next. */
function createLooks({ pauseMs }: Ledger, act: (suspicion: Suspicion) => Promise<boolean>) {
	const state: { suspicion?: Suspicion | undefined; timer?: NodeJS.Timeout; dueMs: number; isBusy: boolean } = {
		dueMs: Number.POSITIVE_INFINITY,
		isBusy: false,
	};
	const suspect = (subjects: Iterable<Suspect>, by: string, { isRetry = false, isOwn = false } = {}) => {
		state.suspicion ??= { subjects: new Set(), by: '', isOwn: true, sinceMs: performance.now() };
		for (const subject of subjects) state.suspicion.subjects.add(subject);
		state.suspicion.by ||= by;
		state.suspicion.isOwn &&= isOwn;
		const quietMs = state.suspicion.by.includes('firewalld') ? FIREWALLD_MS : QUIET_MS;
		plan(delayMs(Math.max(quietMs, pauseMs(isRetry))));
	};
	const plan = (waitMs: number) => {
		const dueMs = performance.now() + waitMs;
		if (state.isBusy || dueMs >= state.dueMs) return;
		clearTimeout(state.timer);
		Object.assign(state, { dueMs, timer: setTimeout(run, waitMs).unref() });
	};
	const run = async () => {
		const { suspicion } = state;
		Object.assign(state, { suspicion: undefined, dueMs: Number.POSITIVE_INFINITY, isBusy: true });
		const isWell = suspicion === undefined || (await act(suspicion));
		state.isBusy = false;
		if (state.suspicion !== undefined) suspect([], '', { isOwn: state.suspicion.isOwn });
		if (!isWell) suspect(suspicion.subjects, suspicion.by, { isRetry: true });
	};
	return { suspect };
}

/** Legacy iptables tells nobody what it does; and what the kernel told and did not reach us is found in the end. */
const pollMs = ({ survey }: Holding): number => (survey.backend.name === 'iptables-legacy' ? OFTEN_MS : SELDOM_MS);
const OFTEN_MS = 2_000;
const SELDOM_MS = 60_000;

/** Says whether all is as wanted now. */
async function look(
	ledger: Ledger,
	{ effortMs }: DaemonParts,
	{ by, isOwn, sinceMs }: Suspicion,
	act: (onBegin: () => void) => ReturnType<typeof mend>,
): Promise<boolean> {
	// Not the time that it takes: on a busy host it would be the others' that counts, and the next look wait for it.
	let before = 0;
	const costMs = () => effortMs() - before;
	try {
		const { repair, failure } = await act(() => {
			before = effortMs();
		});
		// What we have done ourselves is looked at once, and learnt from.
		if (repair === undefined && failure === undefined) ledger.nothing(isOwn ? 0 : costMs());
		if (repair !== undefined) ledger.repaired({ ...repair, by, ms: Math.round(performance.now() - sinceMs) });
		if (failure !== undefined) ledger.failed(failure, costMs());
		return failure === undefined;
	} catch (error) {
		ledger.failed(error, costMs());
		return false;
	}
}
