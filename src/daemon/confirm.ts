import type { Written } from '../config/written.ts';
import { Failure, failureOf } from '../failure.ts';
import { takeCheckpoint } from '../reconcile/checkpoint.ts';
import type { DaemonCore } from './core.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { enable } from './desired-state.ts';
import { readFormer, writtenOf } from './former-settings.ts';
import { changeTimeout, type ReadBack } from './reconciler.ts';
import { adoptRollback, type Confirming, cancel, finishRollback, nothingPending, revert } from './rollback.ts';
import { armTimer } from './rollback-deadline.ts';
import { portsOf, wasRolledBackElsewhere } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

/** What is switched on for a time only, and what it goes back to. Callers hold `ruleLock`, except where it only reads. */
export interface Confirmation {
	/** What waits to be confirmed. */
	readonly pending: () => PendingConfirmation | undefined;
	/** Why it does not go back although its time is over; undefined while nothing is wrong. */
	readonly problem: () => string | undefined;
	/** Without a time it is meant for good, whatever was asked for before. */
	readonly enable: (seconds: number | undefined) => Promise<ReadBack | undefined>;
	/** The same for settings: without a time those that were not confirmed hold for good too. */
	readonly reload: (seconds: number | undefined, change: () => Promise<void>) => Promise<void>;
	/** What was switched on stays. */
	readonly confirm: () => Promise<void>;
	/** Whoever asks for something new can reach the host: nothing goes back any more. */
	readonly cancel: () => Promise<void>;
	/** Back to what was before. */
	readonly revert: () => Promise<void>;
	/** `turnout revert` went back while this daemon did not answer. */
	readonly wasRolledBackElsewhere: () => boolean;
	/** Then that is how things are to be: a change that this daemon was halted in has been completed since. Says whether. */
	readonly adoptRollback: () => Promise<boolean>;
	/** At the start: a time that is over is over; the rest of one that is not is waited for. */
	readonly resume: () => Promise<void>;
	/** Nothing goes back by this daemon's doing any more. */
	readonly cancelTimer: () => void;
}

export function createConfirmation(core: DaemonCore): Confirmation {
	const own: Confirming = { core, cancelTimer: () => undefined, problem: undefined };
	return {
		pending: () => own.core.state.pending,
		problem: () => own.problem?.why,
		enable: (seconds) => changeFor(own, 'enable', seconds, () => enable(core)),
		async reload(seconds, change) {
			if (seconds === undefined && own.core.state.pending?.settings === undefined) return change();
			return changeFor(own, 'reload', seconds, change, writtenOf(core.state.settings.loaded));
		},
		confirm: () => confirm(own),
		cancel: () => cancel(own),
		revert: () => revert(own),
		wasRolledBackElsewhere: () => wasRolledBackElsewhere(core.state, core.deps),
		adoptRollback: () => adoptRollback(own),
		resume: () => resume(own),
		cancelTimer: () => own.cancelTimer(),
	};
}

/** Takes a checkpoint and arms the rollback timer. Re-arming keeps the first checkpoint. */
async function arm(own: Confirming, seconds: number, settings?: Written): Promise<void> {
	const { state, deps } = own.core;
	const former = own.core.state.pending;
	const { wanted, since } = state.desired;
	const { context } = state.settings;
	const now = former ?? { before: { wanted, since }, ...(await takeCheckpoint(context.host, changeTimeout())) };
	const before = settings === undefined ? now : { settings, ...now };
	const ports = [...new Set([...state.redirectPorts, ...portsOf(context)])];
	const until = new Date(deps.clock.dateMs() + seconds * 1_000).toISOString();
	await armTimer(own, { ...before, ports, until }, seconds);
	if (former !== undefined) await deps.rollbackTimer.cancel(former.alarm);
	deps.log('info', 'waiting for confirmation', { seconds });
}

async function changeFor<T>(
	own: Confirming,
	verb: string,
	seconds: number | undefined,
	change: () => Promise<T>,
	settings?: Written,
): Promise<T> {
	const former = own.core.state.pending;
	if (seconds !== undefined) await arm(own, seconds, settings);
	try {
		const changed = await change();
		if (seconds === undefined) await cancel(own);
		else if (await adoptRollback(own)) throw tooLate(verb);
		return changed;
	} catch (error) {
		if (former === undefined) await cancel(own);
		throw error;
	}
}

async function confirm(own: Confirming): Promise<void> {
	if (own.core.state.pending === undefined) throw nothingPending('confirm');
	if (await adoptRollback(own)) throw tooLate('confirm');
	await cancel(own);
	own.core.deps.log('info', 'confirmed');
}

async function resume(own: Confirming): Promise<void> {
	const { state, deps } = own.core;
	const pending = deps.confirmationFile.read();
	if (pending === undefined) return;
	own.core.state.pending = pending;
	const seconds = Math.ceil((Date.parse(pending.until) - deps.clock.dateMs()) / 1_000);
	if (seconds <= 0 || pending.isReverted) {
		// What nobody has confirmed is not to take hold by a restart.
		state.settings = (await readFormer(own.core, pending).catch(notAccepted(deps))) ?? state.settings;
		finishRollback(own, pending);
	} else {
		// The former timer may be gone with a reboot.
		await armTimer(own, pending, seconds);
		await deps.rollbackTimer.cancel(pending.alarm);
	}
}

/** Settings that this host does not accept any more do not keep the daemon from starting. */
const notAccepted =
	({ log }: DaemonDependencies) =>
	(error: unknown): undefined => {
		log('error', 'the settings of before cannot be had', { why: failureOf(error).message });
	};

const tooLate = (verb: string): Failure =>
	new Failure(
		'confirm',
		`Cannot ${verb}: the time for \`turnout confirm\` is over, and everything is as it was before`,
		`${verb === 'reload' ? 'Reload' : 'Enable'} anew, with more time`,
	);
