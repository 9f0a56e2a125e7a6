import { pauseMs } from './back-off.ts';
import { exitText } from './exit-text.ts';
import { exitWithLastLine } from './output-recorder.ts';
import type { Exit, PullProgress } from './runtime.ts';

/** The Envoy that traffic is led to, or its next start. */
export type EnvoyState =
	| { readonly kind: 'absent' }
	| { readonly kind: 'pulling' }
	| ({ readonly kind: 'starting'; readonly missing: string } & Instance)
	| ({ readonly kind: 'live'; readonly problem: string } & ServerInfo & Instance)
	/** It does not answer or does not listen any more, and the runtime has not reported its end. */
	| ({ readonly kind: 'silent'; readonly why: string } & ServerInfo & Instance)
	| ({ readonly kind: 'draining' } & ServerInfo & Instance)
	/** `retryMs`: the pause before the next start; undefined where none follows by itself. */
	| { readonly kind: 'failed'; readonly why: string; readonly retryMs: number | undefined };

/** A process or a container. */
export interface Instance {
	readonly id: string;
	/** The container's; '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly since: string;
}

/** What its admin interface says. */
export interface ServerInfo {
	readonly version: string;
	/** TCP ports. */
	readonly listeners: readonly number[];
}

/** The present state, and what is remembered of former instances. */
export interface SupervisionHistory {
	readonly state: EnvoyState;
	/** The pull that is under way, also while an Envoy is LIVE. */
	readonly pull: PullProgress | undefined;
	/** Since the daemon started. */
	readonly pulls: { readonly pulled: number; readonly failed: number };
	/** In a row, without a stable instance between them; the pause before the next start grows with it. */
	readonly failures: number;
	readonly restarts: number;
	/** How the last instance ended; '' where none has. */
	readonly lastExit: string;
}

export type EnvoyEvent =
	/** `isAside`: for a replacement, and not for the next start. */
	| { readonly kind: 'pulling'; readonly pull: PullProgress; readonly isAside: boolean }
	| { readonly kind: 'pulled' | 'not-pulled' }
	| { readonly kind: 'started'; readonly instance: Instance; readonly restarts: 0 | 1 }
	| { readonly kind: 'waiting'; readonly missing: string }
	/** Also of one that has taken over from another. */
	| { readonly kind: 'ready'; readonly instance: Instance; readonly info: ServerInfo }
	| { readonly kind: 'troubled' | 'silent'; readonly why: string }
	/** Also one that was silent. */
	| { readonly kind: 'answers'; readonly listeners: readonly number[] }
	| { readonly kind: 'drain' }
	| { readonly kind: 'ended'; readonly exit: Exit; readonly lastLine: string; readonly retry: Retry }
	| { readonly kind: 'failed'; readonly why: string; readonly retry: Retry };

export interface Retry {
	/** The instance had run long enough to reset the back-off. */
	readonly wasStable: boolean;
	/** False: no further start follows by itself. */
	readonly isRetryable: boolean;
	/** From 0 to 1: keeps many hosts from asking a registry at the same moment. */
	readonly jitter: number;
}

export const initialHistory: SupervisionHistory = {
	...{ state: { kind: 'absent' }, pull: undefined, pulls: { pulled: 0, failed: 0 } },
	...{ failures: 0, restarts: 0, lastExit: '' },
};

function afterPull(history: SupervisionHistory, hasSucceeded: boolean): SupervisionHistory {
	if (history.pull === undefined) return history;
	const { pulled, failed } = history.pulls;
	return {
		...history,
		pull: undefined,
		pulls: hasSucceeded ? { pulled: pulled + 1, failed } : { pulled, failed: failed + 1 },
	};
}

/** '' where nothing is wrong, or not yet. */
export function troubleOf(state: EnvoyState): string {
	switch (state.kind) {
		case 'failed':
		case 'silent':
			return state.why;
		case 'live':
			return state.problem;
		case 'absent':
		case 'pulling':
		case 'starting':
		case 'draining':
			return '';
	}
}

/** Reducer; events that do not apply are ignored. */
export function reduce(history: SupervisionHistory, event: EnvoyEvent): SupervisionHistory {
	const { state } = history;
	switch (event.kind) {
		case 'pulling':
			return { ...history, state: event.isAside || isUp(state) ? state : { kind: 'pulling' }, pull: event.pull };
		case 'pulled':
		case 'not-pulled':
			return afterPull(history, event.kind === 'pulled');
		case 'started': {
			const restarts = history.restarts + event.restarts;
			return { ...history, state: { kind: 'starting', missing: '', ...event.instance }, restarts };
		}
		case 'ended':
			return afterEnd(history, event);
		case 'failed':
			return failed(history, event.why, event.retry);
		default:
			return { ...history, state: reduceState(state, event) };
	}
}

type StateEvent = EnvoyEvent & { kind: 'waiting' | 'ready' | 'troubled' | 'silent' | 'answers' | 'drain' };

/** Events that change nothing but the state. */
function reduceState(state: EnvoyState, event: StateEvent): EnvoyState {
	switch (event.kind) {
		case 'ready':
			return { kind: 'live', problem: '', ...event.info, ...event.instance };
		case 'waiting':
			return state.kind === 'starting' ? { ...state, missing: event.missing } : state;
		case 'drain':
			return wasLive(state) ? { ...partsOf(state), kind: 'draining' } : initialHistory.state;
		default:
			return wasLive(state) ? reduceOnceLive(state, event) : state;
	}
}

function reduceOnceLive(state: OnceLive, event: EnvoyEvent & { kind: 'troubled' | 'silent' | 'answers' }): EnvoyState {
	switch (event.kind) {
		case 'troubled':
			return state.kind === 'live' ? { ...state, problem: event.why } : state;
		case 'silent':
			return { ...partsOf(state), kind: 'silent', why: event.why };
		case 'answers':
			return state.kind === 'live'
				? state
				: { ...partsOf(state), kind: 'live', problem: '', listeners: event.listeners };
	}
}

type OnceLive = EnvoyState & { kind: 'live' | 'silent' };
/** It was LIVE, and its end was not reported. */
const wasLive = (state: EnvoyState): state is OnceLive => state.kind === 'live' || state.kind === 'silent';
const isUp = (state: EnvoyState): boolean => wasLive(state) || state.kind === 'draining';
/** Captured connections fail. */
export const isAway = ({ kind }: EnvoyState): boolean => kind === 'failed' || kind === 'silent';
const partsOf = ({ id, image, since, version, listeners }: Instance & ServerInfo) => ({
	id,
	image,
	since,
	version,
	listeners,
});

function afterEnd(
	history: SupervisionHistory,
	{ exit, lastLine, retry }: EnvoyEvent & { kind: 'ended' },
): SupervisionHistory {
	const lastExit = exitText(exit);
	const { kind } = history.state;
	if (kind === 'draining' || kind === 'absent') return { ...history, state: initialHistory.state, lastExit };
	return { ...failed(history, exitWithLastLine(lastExit, lastLine), retry), lastExit };
}

function failed(
	history: SupervisionHistory,
	why: string,
	{ wasStable, isRetryable, jitter }: Retry,
): SupervisionHistory {
	const failures = (wasStable ? 0 : history.failures) + 1;
	const loop = failures < CRASH_LOOP_FAILURES ? '' : ` (${failures} times in a row)`;
	const retryMs = isRetryable ? pauseMs(failures, jitter) : undefined;
	return { ...history, failures, state: { kind: 'failed', why: `${why}${loop}`, retryMs } };
}

/** So many failures in a row are reported as a crash loop. */
const CRASH_LOOP_FAILURES = 3;
