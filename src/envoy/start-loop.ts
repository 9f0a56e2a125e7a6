import { setTimeout as sleep } from 'node:timers/promises';
import { failureOf } from '../failure.ts';
import { adopt, endStrays } from './adopt.ts';
import { withoutTaken } from './free-ports.ts';
import { own } from './own.ts';
import { requireFreePorts } from './readiness.ts';
import type { Change } from './replace.ts';
import type { EnvoySpec } from './spec.ts';
import { instanceOf, launch, prepare, withoutPullAlways } from './start.ts';
import { dispatch, type SupervisorState, trackTask } from './supervisor-state.ts';
import { afterStart, beforeStart } from './transitions.ts';

/** Only the first start may adopt an Envoy; this leads traffic to one that takes over from it. */
export type FirstTakeOver = Change['takeOver'] | undefined;

/**
 * One attempt after the other, until an Envoy is LIVE: by our doing, or by that of a replacement, which goes first.
 * Rejects only on errors a retry cannot fix, and never once Envoy was LIVE.
 */
export async function startUntilRunning(
	self: SupervisorState,
	first: FirstTakeOver,
	signal: AbortSignal,
): Promise<void> {
	self.state = beforeStart(self.state);
	try {
		while (self.state.instance === undefined) {
			await self.lock(() => attemptStart(self, first, signal));
			signal.throwIfAborted();
		}
	} finally {
		self.state = afterStart(self.state);
	}
}

/** Caller holds `lock`. */
async function attemptStart(self: SupervisorState, first: FirstTakeOver, signal: AbortSignal): Promise<void> {
	// A replacement waits for the lock, or has brought an Envoy while we waited for it.
	if (self.state.kind !== 'starting') return;
	const either = AbortSignal.any([signal, self.state.attempt.signal]);
	try {
		const { state } = self.history;
		await sleep((state.kind === 'failed' ? state.retryMs : undefined) ?? 0, undefined, { signal: either });
		await startOnce(self, first, either);
	} catch (error) {
		if (!either.aborted) onFailedAttempt(self, error, first === undefined);
	}
}

const RETRYABLE: readonly string[] = ['docker', 'registry'];

function onFailedAttempt(self: SupervisorState, error: unknown, isRestart: boolean): void {
	const { code, message } = failureOf(error);
	const isRetryable = isRestart || RETRYABLE.includes(code);
	dispatch(self, { kind: 'failed', why: message, retry: { wasStable: false, isRetryable, jitter: Math.random() } });
	if (!isRetryable) throw error;
}

async function startOnce(self: SupervisorState, first: FirstTakeOver, signal: AbortSignal): Promise<void> {
	const { plan } = self;
	if (plan === undefined) return;
	if (first !== undefined && (await adopt(self, { plan, isUpdate: true, takeOver: first }, signal))) return;
	await bringUp(self, plan, first === undefined || self.history.lastExit !== '', signal);
}

async function bringUp(
	self: SupervisorState,
	wanted: EnvoySpec,
	isRestart: boolean,
	signal: AbortSignal,
): Promise<void> {
	const plan = isRestart ? await withoutTaken(self, wanted) : wanted;
	await requireFreePorts(self, plan).catch(async (error) => {
		if (!isRestart || !(await endStrays(self, signal))) throw error;
	});
	const hash = await prepare(self, isRestart ? withoutPullAlways(plan) : plan, false, signal);
	const live = await launch(self, plan, hash, signal, {
		onStarted: (proxy) => dispatch(self, { kind: 'started', instance: instanceOf(proxy), restarts: isRestart ? 1 : 0 }),
		onMissing: (missing) => dispatch(self, { kind: 'waiting', missing }),
	});
	own(self, plan, live);
	trackTask(self, live.proxy.promote());
}
