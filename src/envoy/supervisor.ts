import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, failureOf } from '../failure.ts';
import { adopt, endStrays } from './adopt.ts';
import { waitForDrain } from './drain.ts';
import { withoutTaken } from './free-ports.ts';
import { watch } from './health-check.ts';
import { initialHistory, type Retry, type SupervisionHistory } from './lifecycle.ts';
import { requireFreePorts } from './readiness.ts';
import { type Replacement, replace } from './replace.ts';
import type { Exit, RunningProxy } from './runtime.ts';
import type { EnvoySpec } from './spec.ts';
import { asItIs, bodyOf, type LiveProxy, launch, prepare, STOP_GRACE_MS } from './start.ts';
import { dispatch, lead, type SupervisorDependencies, type SupervisorState, trackTask } from './supervisor-state.ts';

type TakeOver = Replacement['takeOver'];
export type Change = Pick<Replacement, 'plan' | 'isUpdate' | 'takeOver'>;

export interface Supervisor {
	readonly history: () => SupervisionHistory;
	/** Why the runtime itself cannot be asked at the moment; '' where it can. */
	readonly problem: () => string;
	/**
	 * Resolves when Envoy is LIVE and listens on every port, one that a former daemon left running included. What time may
	 * mend (Docker or a registry that is away) is tried again until the signal says otherwise; anything else is a Failure.
	 * From then on it is started again whenever it ends. `takeOver` leads traffic to one that takes over from one found.
	 */
	start(plan: EnvoySpec, takeOver: TakeOver, signal: AbortSignal): Promise<void>;
	/** Resolves when Envoy runs as the new plan has it; otherwise the former goes on and the Failure says why. */
	replace(change: Change, signal: AbortSignal): Promise<'replaced' | 'same'>;
	/** Lets connections end, then Envoy. */
	stop(): Promise<void>;
	/** Leaves it running, for the next daemon to find. */
	leave(): Promise<void>;
}

const initialState = (supervision: SupervisorDependencies): SupervisorState => ({
	supervision,
	history: initialHistory,
	plan: undefined,
	proxy: undefined,
	...{ liveSinceMs: 0, lastLine: '', killReason: '' },
	isReplacing: false,
	found: [],
	isReviving: false,
	attempt: Promise.resolve(),
	exchanging: undefined,
	ports: new Set(),
	retiring: new Set(),
	cancel: new AbortController(),
	ending: new AbortController(),
	underway: new Set(),
});

export function createSupervisor(supervision: SupervisorDependencies): Supervisor {
	const charge = initialState(supervision);
	return {
		history: () => charge.history,
		problem: () => supervision.runtime.problem(),
		start(plan, takeOver, signal) {
			const starting = start(charge, plan, takeOver, AbortSignal.any([signal, charge.ending.signal]));
			trackTask(charge, starting);
			return starting;
		},
		replace(change, signal) {
			const both = AbortSignal.any([signal, charge.ending.signal]);
			const replacing = replace(charge, replacement(charge, change), both);
			trackTask(charge, replacing);
			return replacing;
		},
		stop: () => stop(charge),
		async leave() {
			charge.ending.abort();
			await Promise.all(charge.underway);
			await supervision.runtime.close(false);
		},
	};
}

async function start(charge: SupervisorState, plan: EnvoySpec, takeOver: TakeOver, signal: AbortSignal): Promise<void> {
	charge.plan = plan;
	await startUntilRunning(charge, takeOver, signal);
}

/** Only one at a time looks after the next start. */
function restart(charge: SupervisorState): void {
	if (charge.isReviving || charge.proxy !== undefined || charge.ending.signal.aborted) return;
	trackTask(charge, startUntilRunning(charge, undefined, charge.ending.signal));
}

/**
 * One start after the other, until there is an Envoy: by our doing, or by that of a replacement, which goes before.
 * `first`: none has been LIVE yet, and one that was left running may be taken over.
 */
async function startUntilRunning(
	charge: SupervisorState,
	first: TakeOver | undefined,
	signal: AbortSignal,
): Promise<void> {
	charge.isReviving = true;
	try {
		while (charge.proxy === undefined) {
			await charge.exchanging;
			signal.throwIfAborted();
			await attemptStart(charge, first, AbortSignal.any([signal, charge.cancel.signal]));
			signal.throwIfAborted();
		}
	} finally {
		charge.isReviving = false;
	}
}

/** Rejects where no time will mend what went wrong, and never after an Envoy was LIVE once. */
async function attemptStart(charge: SupervisorState, first: TakeOver | undefined, signal: AbortSignal): Promise<void> {
	const { state } = charge.history;
	const trying = attemptAfter(charge, (state.kind === 'failed' ? state.retryMs : undefined) ?? 0, first, signal);
	charge.attempt = trying;
	const error = await trying;
	if (error === undefined || signal.aborted) return;
	const { code, message } = failureOf(error);
	const isRetryable = first === undefined || RETRYABLE.includes(code);
	dispatch(charge, { kind: 'failed', why: message, retry: { ...retryOf(charge), isRetryable } });
	if (!isRetryable) throw error;
}

const RETRYABLE: readonly string[] = ['docker', 'registry'];

/** Resolves to what went wrong. */
async function attemptAfter(
	charge: SupervisorState,
	pauseMs: number,
	first: TakeOver | undefined,
	signal: AbortSignal,
): Promise<unknown> {
	try {
		await sleep(pauseMs, undefined, { signal });
		const { plan } = charge;
		if (plan === undefined || charge.proxy !== undefined) return undefined;
		// How long the last one lived counts once.
		charge.liveSinceMs = 0;
		if (
			first !== undefined &&
			(await adopt(charge, replacement(charge, { plan, isUpdate: true, takeOver: first }), signal))
		)
			return undefined;
		await bringUp(charge, plan, first === undefined || charge.history.lastExit !== '', signal);
		return undefined;
	} catch (error) {
		return error;
	}
}

const replacement = (charge: SupervisorState, change: Change): Replacement => ({
	...change,
	own: own(charge),
	revive: () => restart(charge),
});

async function bringUp(
	charge: SupervisorState,
	wanted: EnvoySpec,
	isRestart: boolean,
	signal: AbortSignal,
): Promise<void> {
	const plan = isRestart ? await withoutTaken(charge, wanted) : wanted;
	await requireFreePorts(charge, plan).catch(async (error) => {
		if (!isRestart || !(await endStrays(charge, signal))) throw error;
	});
	const hash = await prepare(charge, isRestart ? asItIs(plan) : plan, false, signal);
	const on = {
		started: (body: ReturnType<typeof bodyOf>) => dispatch(charge, { kind: 'started', body, again: isRestart ? 1 : 0 }),
		missing: (missing: string) => dispatch(charge, { kind: 'waiting', missing }),
	};
	const live = await launch(charge, plan, hash, on, signal);
	own(charge)(plan, live);
	trackTask(charge, live.proxy.promote());
}

/** From now on this one is ours, and its end is answered by a new start. */
const own =
	(charge: SupervisorState) =>
	(plan: EnvoySpec, { proxy, answer }: LiveProxy): void => {
		lead(charge, plan);
		Object.assign(charge, { proxy, liveSinceMs: performance.now(), killReason: '' });
		dispatch(charge, { kind: 'ready', body: bodyOf(proxy), answer });
		charge.supervision.bootstraps.keepOnly(plan.spec.files);
		void proxy.exited.then((exit) => ended(charge, proxy, exit));
		void watch(charge, proxy);
	};

function ended(charge: SupervisorState, proxy: RunningProxy, exit: Exit): void {
	if (charge.proxy !== proxy) return;
	charge.proxy = undefined;
	const retry = retryOf(charge);
	const { lastLine, killReason } = charge;
	dispatch(
		charge,
		killReason === '' ? { kind: 'ended', exit, lastLine, retry } : { kind: 'failed', why: killReason, retry },
	);
	if (charge.exchanging === undefined) restart(charge);
}

function retryOf({ liveSinceMs, plan }: SupervisorState): Retry {
	const wasStable = liveSinceMs > 0 && performance.now() - liveSinceMs >= (plan?.stableSeconds ?? 0) * 1_000;
	return { wasStable, isRetryable: true, jitter: Math.random() };
}

async function stop(charge: SupervisorState): Promise<void> {
	let isOver = false;
	try {
		await endAll(charge);
		isOver = true;
	} finally {
		await charge.supervision.runtime.close(isOver);
	}
}

async function endAll(charge: SupervisorState): Promise<void> {
	charge.ending.abort(new Failure('interrupted', 'Cannot start Envoy: turnout is about to end', 'Start turnout again'));
	const { proxy, plan } = charge;
	dispatch(charge, { kind: 'drain' });
	if (proxy !== undefined && plan !== undefined) {
		await waitForDrain(charge, plan, proxy);
		await proxy.stop(STOP_GRACE_MS);
	}
	await Promise.all(charge.underway);
	// One that became ours in the same moment, or was found and not yet ours.
	for (const other of new Set([charge.proxy, ...charge.found])) if (other !== proxy) await other?.stop(STOP_GRACE_MS);
}
