import { exitText, pauseMs } from './exit-text.ts';
import type { Exit, PullProgress } from './runtime.ts';

/** The life of an Envoy that is ours. */
export type Life =
	| { readonly kind: 'absent' }
	| { readonly kind: 'pulling' }
	| ({ readonly kind: 'starting'; readonly missing: string } & Body)
	| ({ readonly kind: 'live'; readonly trouble: string } & Answer & Body)
	/** It does not answer, or nobody listens where it did, and whoever runs it has not told of its end. */
	| ({ readonly kind: 'silent'; readonly why: string } & Answer & Body)
	| ({ readonly kind: 'draining' } & Answer & Body)
	/** `retryMs`: after so long it is started again; undefined: not by itself. */
	| { readonly kind: 'failed'; readonly why: string; readonly retryMs: number | undefined };

/** What runs: a process or a container. */
export interface Body {
	readonly id: string;
	/** The container's; '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly since: string;
}

/** What it says of itself. */
export interface Answer {
	readonly version: string;
	/** The TCP ports that it listens on. */
	readonly listeners: readonly number[];
}

/** A life, and what is remembered of those before it. */
export interface History {
	readonly life: Life;
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

export type LifeEvent =
	/** `isAside`: for a replacement, and not for the next start. */
	| { readonly kind: 'pulling'; readonly pull: PullProgress; readonly isAside: boolean }
	| { readonly kind: 'pulled' | 'not-pulled' }
	| { readonly kind: 'started'; readonly body: Body; readonly again: 0 | 1 }
	| { readonly kind: 'waiting'; readonly missing: string }
	/** Also where one Envoy has taken over from another. */
	| { readonly kind: 'ready'; readonly body: Body; readonly answer: Answer }
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
	readonly isWorthIt: boolean;
	/** From 0 to 1: many hosts whose registry is back do not ask in the same moment. */
	readonly chance: number;
}

export const unborn: History = {
	...{ life: { kind: 'absent' }, pull: undefined, pulls: { pulled: 0, failed: 0 } },
	...{ failures: 0, restarts: 0, lastExit: '' },
};

/** Nothing was pulled where no pull was under way. */
function afterPull(history: History, isHere: boolean): History {
	if (history.pull === undefined) return history;
	const { pulled, failed } = history.pulls;
	return {
		...history,
		pull: undefined,
		pulls: isHere ? { pulled: pulled + 1, failed } : { pulled, failed: failed + 1 },
	};
}

/** What is wrong with it; '' where nothing is, or not yet. */
export function troubleOf(life: Life): string {
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
export function next(history: History, event: LifeEvent): History {
	const { life } = history;
	switch (event.kind) {
		case 'pulling':
			return { ...history, life: event.isAside || isUp(life) ? life : { kind: 'pulling' }, pull: event.pull };
		case 'pulled':
		case 'not-pulled':
			return afterPull(history, event.kind === 'pulled');
		case 'started': {
			const restarts = history.restarts + event.again;
			return { ...history, life: { kind: 'starting', missing: '', ...event.body }, restarts };
		}
		case 'ended':
			return afterEnd(history, event);
		case 'failed':
			return failed(history, event.why, event.retry);
		default:
			return { ...history, life: turned(life, event) };
	}
}

type Turn = LifeEvent & { kind: 'waiting' | 'ready' | 'troubled' | 'silent' | 'answers' | 'drain' };

/** What concerns nothing but the life of this one. */
function turned(life: Life, event: Turn): Life {
	switch (event.kind) {
		case 'ready':
			return { kind: 'live', trouble: '', ...event.answer, ...event.body };
		case 'waiting':
			return life.kind === 'starting' ? { ...life, missing: event.missing } : life;
		case 'drain':
			return isSteady(life) ? { ...partsOf(life), kind: 'draining' } : unborn.life;
		default:
			return isSteady(life) ? steadily(life, event) : life;
	}
}

function steadily(life: Steady, event: LifeEvent & { kind: 'troubled' | 'silent' | 'answers' }): Life {
	switch (event.kind) {
		case 'troubled':
			return life.kind === 'live' ? { ...life, trouble: event.why } : life;
		case 'silent':
			return { ...partsOf(life), kind: 'silent', why: event.why };
		case 'answers':
			return life.kind === 'live' ? life : { ...partsOf(life), kind: 'live', trouble: '', listeners: event.listeners };
	}
}

type Steady = Life & { kind: 'live' | 'silent' };
/** It was LIVE, and nobody has told of its end. */
const isSteady = (life: Life): life is Steady => life.kind === 'live' || life.kind === 'silent';
const isUp = (life: Life): boolean => isSteady(life) || life.kind === 'draining';
/** Captured connections fail. */
export const isAway = ({ kind }: Life): boolean => kind === 'failed' || kind === 'silent';
const partsOf = ({ id, image, since, version, listeners }: Body & Answer) => ({ id, image, since, version, listeners });

function afterEnd(history: History, { exit, lastLine, retry }: LifeEvent & { kind: 'ended' }): History {
	const lastExit = exitText(exit);
	const { kind } = history.life;
	if (kind === 'draining' || kind === 'absent') return { ...history, life: unborn.life, lastExit };
	const words = lastLine === '' ? '' : `; its last line: ${lastLine}`;
	return { ...failed(history, `Envoy ${lastExit}${words}`, retry), lastExit };
}

function failed(history: History, why: string, { wasStable, isWorthIt, chance }: Retry): History {
	const failures = (wasStable ? 0 : history.failures) + 1;
	const loop = failures < A_LOOP ? '' : ` (${failures} times in a row)`;
	const retryMs = isWorthIt ? pauseMs(failures, chance) : undefined;
	return { ...history, failures, life: { kind: 'failed', why: `${why}${loop}`, retryMs } };
}

/** So many failures without a stable life between them are a crash loop. */
const A_LOOP = 3;
