import { exitText, pauseMs } from './exit-text.ts';
import type { Exit, PullProgress } from './runtime.ts';

/** The life of an Envoy that is ours. */
export type EnvoyState =
	| { readonly kind: 'absent' }
	| { readonly kind: 'pulling' }
	| ({ readonly kind: 'starting'; readonly missing: string } & Instance)
	| ({ readonly kind: 'live'; readonly trouble: string } & ServerInfo & Instance)
	/** It does not answer, or nobody listens where it did, and whoever runs it has not told of its end. */
	| ({ readonly kind: 'silent'; readonly why: string } & ServerInfo & Instance)
	| ({ readonly kind: 'draining' } & ServerInfo & Instance)
	/** `retryMs`: after so long it is started again; undefined: not by itself. */
	| { readonly kind: 'failed'; readonly why: string; readonly retryMs: number | undefined };

/** What runs: a process or a container. */
export interface Instance {
	readonly id: string;
	/** The container's; '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly since: string;
}

/** What it says of itself. */
export interface ServerInfo {
	readonly version: string;
	/** The TCP ports that it listens on. */
	readonly listeners: readonly number[];
}

/** A life, and what is remembered of those before it. */
export interface SupervisionHistory {
	readonly state: EnvoyState;
	/** A pull that is under way, also while another Envoy is LIVE. */
	readonly pull: PullProgress | undefined;
	/** Since the daemon started. */
	readonly pulls: { readonly pulled: number; readonly failed: number };
	/** In a row, none of them stable; the pause before the next start grows with it. */
	readonly failures: number;
	readonly restarts: number;
	/** How the last one ended; '' if none has. */
	readonly lastExit: string;
}

export type EnvoyEvent =
	/** `isAside`: for a replacement, and not for the next start. */
	| { readonly kind: 'pulling'; readonly pull: PullProgress; readonly isAside: boolean }
	| { readonly kind: 'pulled' | 'not-pulled' }
	| { readonly kind: 'started'; readonly body: Instance; readonly again: 0 | 1 }
	| { readonly kind: 'waiting'; readonly missing: string }
	/** Also where one Envoy has taken over from another. */
	| { readonly kind: 'ready'; readonly body: Instance; readonly answer: ServerInfo }
	| { readonly kind: 'troubled' | 'silent'; readonly why: string }
	/** One that was silent. */
	| { readonly kind: 'answers'; readonly listeners: readonly number[] }
	| { readonly kind: 'drain' }
	| { readonly kind: 'ended'; readonly exit: Exit; readonly lastLine: string; readonly retry: Retry }
	| { readonly kind: 'failed'; readonly why: string; readonly retry: Retry };

export interface Retry {
	/** It had lived long enough to count as stable. */
	readonly wasStable: boolean;
	/** False: it is not tried again. */
	readonly isRetryable: boolean;
	/** From 0 to 1: many hosts whose registry is back do not ask in the same moment. */
	readonly jitter: number;
}

export const initialHistory: SupervisionHistory = {
	...{ state: { kind: 'absent' }, pull: undefined, pulls: { pulled: 0, failed: 0 } },
	...{ failures: 0, restarts: 0, lastExit: '' },
};

/** Nothing was pulled where no pull was under way. */
function afterPull(history: SupervisionHistory, isHere: boolean): SupervisionHistory {
	if (history.pull === undefined) return history;
	const { pulled, failed } = history.pulls;
	return {
		...history,
		pull: undefined,
		pulls: isHere ? { pulled: pulled + 1, failed } : { pulled, failed: failed + 1 },
	};
}

/** What is wrong with it; '' where nothing is, or not yet. */
export function troubleOf(life: EnvoyState): string {
	switch (life.kind) {
		case 'failed':
		case 'silent':
			return life.why;
		case 'live':
			return life.trouble;
		case 'absent':
		case 'pulling':
		case 'starting':
		case 'draining':
			return '';
	}
}

/** History × event → history; what an event means nothing to leaves it as it is. */
export function reduce(history: SupervisionHistory, event: EnvoyEvent): SupervisionHistory {
	const { state } = history;
	switch (event.kind) {
		case 'pulling':
			return { ...history, state: event.isAside || isUp(state) ? state : { kind: 'pulling' }, pull: event.pull };
		case 'pulled':
		case 'not-pulled':
			return afterPull(history, event.kind === 'pulled');
		case 'started': {
			const restarts = history.restarts + event.again;
			return { ...history, state: { kind: 'starting', missing: '', ...event.body }, restarts };
		}
		case 'ended':
			return afterEnd(history, event);
		case 'failed':
			return failed(history, event.why, event.retry);
		default:
			return { ...history, state: turned(state, event) };
	}
}

type Turn = EnvoyEvent & { kind: 'waiting' | 'ready' | 'troubled' | 'silent' | 'answers' | 'drain' };

/** What concerns nothing but the life of this one. */
function turned(life: EnvoyState, event: Turn): EnvoyState {
	switch (event.kind) {
		case 'ready':
			return { kind: 'live', trouble: '', ...event.answer, ...event.body };
		case 'waiting':
			return life.kind === 'starting' ? { ...life, missing: event.missing } : life;
		case 'drain':
			return isSteady(life) ? { ...partsOf(life), kind: 'draining' } : initialHistory.state;
		default:
			return isSteady(life) ? steadily(life, event) : life;
	}
}

function steadily(life: Steady, event: EnvoyEvent & { kind: 'troubled' | 'silent' | 'answers' }): EnvoyState {
	switch (event.kind) {
		case 'troubled':
			return life.kind === 'live' ? { ...life, trouble: event.why } : life;
		case 'silent':
			return { ...partsOf(life), kind: 'silent', why: event.why };
		case 'answers':
			return life.kind === 'live' ? life : { ...partsOf(life), kind: 'live', trouble: '', listeners: event.listeners };
	}
}

type Steady = EnvoyState & { kind: 'live' | 'silent' };
/** It was LIVE, and nobody has told of its end. */
const isSteady = (life: EnvoyState): life is Steady => life.kind === 'live' || life.kind === 'silent';
const isUp = (life: EnvoyState): boolean => isSteady(life) || life.kind === 'draining';
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
	const words = lastLine === '' ? '' : `; its last line: ${lastLine}`;
	return { ...failed(history, `Envoy ${lastExit}${words}`, retry), lastExit };
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

/** So many failures without a stable life between them are a crash loop. */
const CRASH_LOOP_FAILURES = 3;
