import { failureOf } from '../failure.ts';
import { retryMs } from './repair-limits.ts';
import { type Confirming, revert } from './rollback.ts';
import { isStopping } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

/** The systemd timer fires first; if it does not, the daemon rolls back itself so much later. */
const LATE_MS = 3_000;

/** Whoever runs out of time goes back, also where this daemon is gone by then: a timer of systemd's does it. */
export async function armTimer(
	own: Confirming,
	pending: Omit<PendingConfirmation, 'alarm'>,
	seconds: number,
): Promise<void> {
	const { state, deps } = own.core;
	const { socket, stateDirectory } = state.settings.context.config;
	const args = ['revert', '--socket', socket, '--state-directory', stateDirectory, '--until', pending.until];
	const armed = { ...pending, alarm: await deps.rollbackTimer.set(seconds, args) };
	try {
		deps.confirmationFile.write(armed);
	} catch (error) {
		await deps.rollbackTimer.cancel(armed.alarm);
		throw error;
	}
	own.core.state.pending = armed;
	own.problem = undefined;
	rollBackAfter(own, seconds * 1_000 + LATE_MS, armed);
}

function rollBackAfter(own: Confirming, ms: number, armed: PendingConfirmation): void {
	own.cancelTimer();
	own.cancelTimer = own.core.deps.clock.after(ms, () => void onTimeout(own, armed));
}

async function onTimeout(own: Confirming, armed: PendingConfirmation): Promise<void> {
	const { state } = own.core;
	const isDue = () => own.core.state.pending === armed && !isStopping(state);
	try {
		await state.ruleLock(async () => (isDue() ? revert(own) : undefined));
	} catch (error) {
		if (isDue()) retryRollback(own, armed, error);
	}
}

/** Until it succeeds, or something new is asked for; each reason is logged once. */
function retryRollback(own: Confirming, armed: PendingConfirmation, error: unknown): void {
	const why = failureOf(error).message;
	if (own.problem?.why !== why) own.core.deps.log('error', 'could not go back', { why });
	const failures = (own.problem?.failures ?? 0) + 1;
	own.problem = { why, failures };
	rollBackAfter(own, retryMs(failures), armed);
}
