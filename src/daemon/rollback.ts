import { Failure, failureOf } from '../failure.ts';
import { hadRules } from '../reconcile/checkpoint.ts';
import type { DaemonCore } from './core.ts';
import { persist } from './desired-state.ts';
import { readFormer, takeBack } from './former-settings.ts';
import { isStopping, wasRolledBackElsewhere } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

/** What waits to be confirmed, and what happens to it when its time is over. */
export interface Confirming {
	readonly core: DaemonCore;
	cancelTimer: () => void;
	/** The time is over, and this keeps us from going back; so often so far. */
	problem: { readonly why: string; readonly failures: number } | undefined;
}

export async function cancel(own: Confirming): Promise<void> {
	const { pending } = own.core.state;
	if (pending === undefined) return;
	drop(own, pending);
	await own.core.deps.rollbackTimer.cancel(pending.alarm);
}

/**
 * Nothing waits any more. Where a restart must find the rules off, this file says so until the state file is on the disk:
 * a power cut in between must not bring back rules that nobody has confirmed.
 */
function drop(own: Confirming, { before }: PendingConfirmation): void {
	const { confirmationFile, stateFile, log } = own.core.deps;
	own.cancelTimer();
	own.core.state.pending = undefined;
	own.problem = undefined;
	const remove = () => {
		try {
			if (own.core.state.pending === undefined) confirmationFile.remove();
		} catch (error) {
			log('warn', 'what waited for confirmation could not be removed', { why: failureOf(error).message });
		}
	};
	if (own.core.state.desired.wanted === 'disabled' && before.wanted === 'disabled') stateFile.whenDurable(remove);
	else remove();
}

export async function revert(own: Confirming): Promise<void> {
	if (own.core.state.pending === undefined) throw nothingPending('go back');
	await rollBack(own, own.core.state.pending);
	await own.core.drain.finish();
}

async function rollBack(own: Confirming, pending: PendingConfirmation): Promise<void> {
	const { core } = own;
	const former = await readFormer(core, pending);
	if (former !== undefined && pending.before.wanted === 'enabled') await takeBack(core, former);
	if (pending.before.wanted === 'disabled') await core.reconciler.restore(core.state.settings.context.host, pending);
	finishRollback(own, pending);
	// With nothing redirected to it any more, only Envoy is left to go back.
	if (former !== undefined && pending.before.wanted === 'disabled') await takeBack(core, former);
}

export async function adoptRollback(own: Confirming): Promise<boolean> {
	const { state, deps } = own.core;
	const { pending } = state;
	if (pending === undefined || isStopping(state) || !wasRolledBackElsewhere(state, deps)) return false;
	await rollBack(own, pending);
	return true;
}

export function finishRollback(own: Confirming, pending: PendingConfirmation): void {
	const { state, deps, drain } = own.core;
	const { before } = pending;
	if (before.wanted === 'disabled') {
		// What was there before may bear our names too: then nothing of ours is left to remove.
		const isOurs = !hadRules(pending);
		state.rules = isOurs ? { kind: 'off' } : { kind: 'untouched' };
		if (isOurs) drain.beginLater();
		else drain.cancel();
	}
	deps.counters.add('ruleChanges', 'revert');
	deps.log('warn', 'not confirmed in time: back to what was before', { wanted: before.wanted });
	persist(own.core, before);
	drop(own, pending);
}

export const nothingPending = (verb: string): Failure =>
	new Failure('confirm', `Cannot ${verb}: nothing waits for confirmation`, 'See turnout status');
