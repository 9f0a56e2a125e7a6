import type { Written } from '../config/written.ts';
import { Failure, failureOf } from '../failure.ts';
import type { Clock } from '../lib/clock.ts';
import { restoreCheckpoint, takeCheckpoint } from '../reconcile/checkpoint.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, enable, finishDrain, persist, startDrainPoller } from './interception.ts';
import { retryMs } from './repair-limits.ts';
import { readFormer, takeBack, writtenOf } from './rollback.ts';
import type { DaemonState } from './state.ts';
import type { PendingConfirmation } from './stores.ts';

/** The alarm comes first; if it does not, we go back ourselves so much later. */
const LATE_MS = 3_000;

/**
 * From here on the host goes back to what it is now, unless it is confirmed within so many seconds. Asked for anew
 * before that, it is still what was before the first time.
 */
async function arm(state: DaemonState, deps: DaemonDependencies, seconds: number, settings?: Written): Promise<void> {
	const { pending: former, wanted, since, context, redirectPorts } = state;
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const now = former ?? { before: { wanted, since }, ...(await takeCheckpoint(context.host, signal)) };
	const before = settings === undefined ? now : { settings, ...now };
	const ports = [...new Set([...redirectPorts, context.config.ingressPort, context.config.egressPort])];
	await armTimer(state, deps, { ...before, ports, ...untilIn(deps.clock, seconds) }, seconds);
	if (former !== undefined) await deps.rollbackTimer.cancel(former.alarm);
	deps.log('info', 'waiting for confirmation', { seconds });
}

const untilIn = ({ dateMs }: Clock, seconds: number) => ({
	until: new Date(dateMs() + seconds * 1_000).toISOString(),
});

async function armTimer(
	state: DaemonState,
	deps: DaemonDependencies,
	pending: Omit<PendingConfirmation, 'alarm'>,
	seconds: number,
): Promise<void> {
	const { socket, stateDirectory } = state.context.config;
	const args = ['revert', '--socket', socket, '--state-directory', stateDirectory, '--until', pending.until];
	const armed = { ...pending, alarm: await deps.rollbackTimer.set(seconds, args) };
	try {
		deps.confirmationFile.write(armed);
	} catch (error) {
		await deps.rollbackTimer.cancel(armed.alarm);
		throw error;
	}
	Object.assign(state, { pending: armed, rollbackProblem: undefined });
	state.waiting?.();
	state.waiting = deps.clock.after(seconds * 1_000 + LATE_MS, () => void onTimeout(state, deps, armed));
}

async function onTimeout(state: DaemonState, deps: DaemonDependencies, armed: PendingConfirmation): Promise<void> {
	const isDue = () => state.pending === armed && !state.isEnding;
	try {
		await state.ruleLock(async () => (isDue() ? revert(state, deps) : undefined));
	} catch (error) {
		if (isDue()) rollBackLater(state, deps, armed, error);
	}
}

/** Until it succeeds, or somebody says anew what is wanted; told once for each reason. */
function rollBackLater(state: DaemonState, deps: DaemonDependencies, armed: PendingConfirmation, error: unknown): void {
	const why = failureOf(error).message;
	if (state.rollbackProblem?.why !== why) deps.log('error', 'could not go back', { why });
	const failures = (state.rollbackProblem?.failures ?? 0) + 1;
	state.rollbackProblem = { why, failures };
	state.waiting?.();
	state.waiting = deps.clock.after(retryMs(failures), () => void onTimeout(state, deps, armed));
}

/** Without a time it is meant for good, whatever was said before. */
export async function enableWithConfirm(state: DaemonState, deps: DaemonDependencies, seconds: number | undefined) {
	return changeFor(state, deps, 'enable', seconds, () => enable(state, deps));
}

/** The same for settings: without a time those that waited for a word hold for good too. One change among others. */
export async function reloadWithConfirm(
	state: DaemonState,
	deps: DaemonDependencies,
	seconds: number | undefined,
	change: () => Promise<void>,
): Promise<void> {
	if (seconds === undefined && state.pending?.settings === undefined) return change();
	return changeFor(state, deps, 'reload', seconds, change, writtenOf(state.loaded));
}

async function changeFor<T>(
	state: DaemonState,
	deps: DaemonDependencies,
	verb: string,
	seconds: number | undefined,
	change: () => Promise<T>,
	settings?: Written,
): Promise<T> {
	const former = state.pending;
	if (seconds !== undefined) await arm(state, deps, seconds, settings);
	try {
		const changed = await change();
		if (seconds === undefined) await cancelConfirmation(state, deps);
		else if (await adoptRollback(state, deps)) throw tooLate(verb);
		return changed;
	} catch (error) {
		if (former === undefined) await cancelConfirmation(state, deps);
		throw error;
	}
}

/** What was switched on stays. */
export async function confirm(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	if (state.pending === undefined) throw nothingPending('confirm');
	if (await adoptRollback(state, deps)) throw tooLate('confirm');
	await cancelConfirmation(state, deps);
	deps.log('info', 'confirmed');
}

/** Whoever says anew what is wanted can reach the host: nothing goes back any more. */
export async function cancelConfirmation(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	const { pending } = state;
	if (pending === undefined) return;
	drop(state, deps, pending);
	await deps.rollbackTimer.cancel(pending.alarm);
}

/**
 * Nothing waits any more. Where a restart is to find the rules off, it finds it in this file until the disk has the wish:
 * a power cut in between must not come back with rules that nobody has confirmed.
 */
function drop(
	state: DaemonState,
	{ confirmationFile, stateFile, log }: DaemonDependencies,
	{ before }: PendingConfirmation,
): void {
	state.waiting?.();
	Object.assign(state, { pending: undefined, waiting: undefined, rollbackProblem: undefined });
	const remove = () => {
		try {
			if (state.pending === undefined) confirmationFile.remove();
		} catch (error) {
			log('warn', 'what waited for confirmation could not be removed', { why: failureOf(error).message });
		}
	};
	if (state.wanted === 'disabled' && before.wanted === 'disabled') stateFile.whenDurable(remove);
	else remove();
}

/** Back to what was before. */
export async function revert(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	const { pending } = state;
	if (pending === undefined) throw nothingPending('go back');
	await rollBack(state, deps, pending);
	await finishDrain(state, deps);
}

async function rollBack(state: DaemonState, deps: DaemonDependencies, pending: PendingConfirmation): Promise<void> {
	const former = await readFormer(state, deps, pending);
	if (former !== undefined && pending.before.wanted === 'enabled') await takeBack(state, deps, former);
	if (pending.before.wanted === 'disabled') {
		state.lastRead = undefined;
		state.lastRead = await restoreCheckpoint(state.context.host, pending, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	}
	finishRollback(state, deps, pending);
	// With nothing led to it any more, there is only Envoy left to go back.
	if (former !== undefined && pending.before.wanted === 'disabled') await takeBack(state, deps, former);
}

/** Somebody went back while we were not there, or did not answer. */
export const wasRolledBackElsewhere = ({ pending }: DaemonState, { confirmationFile }: DaemonDependencies): boolean =>
	pending !== undefined && confirmationFile.read()?.isReverted === true;

/**
 * Then that is how things are to be: what was halted in the middle of a change has made it since. One change among
 * others. Says whether it was so.
 */
export async function adoptRollback(state: DaemonState, deps: DaemonDependencies): Promise<boolean> {
	const { pending } = state;
	if (pending === undefined || state.isEnding || !wasRolledBackElsewhere(state, deps)) return false;
	await rollBack(state, deps, pending);
	return true;
}

function finishRollback(state: DaemonState, deps: DaemonDependencies, pending: PendingConfirmation): void {
	const { before, saved } = pending;
	// What was there before may bear our names too: then nothing of ours has to go.
	const isUnsettled = Object.values(saved).every(({ ipv4, ipv6 }) => ipv4 + ipv6 === '');
	if (before.wanted === 'disabled')
		Object.assign(state, { applied: undefined, isLifted: false, isUnsettled, isReleased: isUnsettled });
	deps.counters.add('ruleChanges', 'revert');
	deps.log('warn', 'not confirmed in time: back to what was before', { wanted: before.wanted });
	persist(state, before, deps);
	drop(state, deps, pending);
	if (before.wanted === 'disabled') startDrainPoller(state, deps);
}

/** At the start: a time that is over is over; otherwise it is waited for anew, as what waited may have gone with a reboot. */
export async function resume(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	const pending = deps.confirmationFile.read();
	if (pending === undefined) return;
	state.pending = pending;
	const seconds = Math.ceil((Date.parse(pending.until) - deps.clock.dateMs()) / 1_000);
	if (seconds <= 0 || pending.isReverted) {
		// What nobody has confirmed is not to take hold by a restart.
		Object.assign(state, await readFormer(state, deps, pending).catch(untaken(deps)));
		finishRollback(state, deps, pending);
	} else {
		await armTimer(state, deps, pending, seconds);
		await deps.rollbackTimer.cancel(pending.alarm);
	}
}

/** Settings that this host does not take any more keep nobody from a start. */
const untaken =
	({ log }: DaemonDependencies) =>
	(error: unknown): undefined => {
		log('error', 'the settings of before cannot be had', { why: failureOf(error).message });
	};

const nothingPending = (verb: string): Failure =>
	new Failure('confirm', `Cannot ${verb}: nothing waits for confirmation`, 'See turnout status');

const tooLate = (verb: string): Failure =>
	new Failure(
		'confirm',
		`Cannot ${verb}: the time for \`turnout confirm\` is over, and everything is as it was before`,
		`${verb === 'reload' ? 'Reload' : 'Enable'} anew, with more time`,
	);
