import type { Written } from '../config/written.ts';
import { Failure, failureOf } from '../failure.ts';
import { delayMs } from '../lib/delay.ts';
import { restore, snapshot } from '../reconcile/checkpoint.ts';
import type { DaemonParts } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, enable, remember, settle, settleSoon } from './interception.ts';
import { retryMs } from './repair-limits.ts';
import { readFormer, takeBack, writtenOf } from './rollback.ts';
import type { Holding } from './state.ts';
import type { Pending } from './stores.ts';

/** The alarm comes first; if it does not, we go back ourselves so much later. */
const LATE_MS = 3_000;

/**
 * From here on the host goes back to what it is now, unless it is confirmed within so many seconds. Asked for anew
 * before that, it is still what was before the first time.
 */
async function arm(holding: Holding, parts: DaemonParts, seconds: number, settings?: Written): Promise<void> {
	const { pending: former, wanted, since, survey, capturedFor } = holding;
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	const now = former ?? { before: { wanted, since }, ...(await snapshot(survey.host, signal)) };
	const before = settings === undefined ? now : { settings, ...now };
	const ports = [...new Set([...capturedFor, survey.config.ingressPort, survey.config.egressPort])];
	await watchOver(holding, parts, { ...before, ports, ...untilIn(seconds) }, seconds);
	if (former !== undefined) await parts.alarm.cancel(former.alarm);
	parts.log('info', 'waiting for confirmation', { seconds });
}

const untilIn = (seconds: number) => ({ until: new Date(Date.now() + seconds * 1_000).toISOString() });

async function watchOver(
	holding: Holding,
	parts: DaemonParts,
	pending: Omit<Pending, 'alarm'>,
	seconds: number,
): Promise<void> {
	const { socket, stateDirectory } = holding.survey.config;
	const args = ['revert', '--socket', socket, '--state-directory', stateDirectory, '--until', pending.until];
	const armed = { ...pending, alarm: await parts.alarm.set(seconds, args) };
	try {
		parts.pendingFile.write(armed);
	} catch (error) {
		await parts.alarm.cancel(armed.alarm);
		throw error;
	}
	Object.assign(holding, { pending: armed, revertTrouble: undefined });
	clearTimeout(holding.waiting);
	holding.waiting = setTimeout(() => void overdue(holding, parts, armed), delayMs(seconds * 1_000 + LATE_MS)).unref();
}

async function overdue(holding: Holding, parts: DaemonParts, armed: Pending): Promise<void> {
	const isDue = () => holding.pending === armed && !holding.isEnding;
	try {
		await holding.exclusive(async () => (isDue() ? revert(holding, parts) : undefined));
	} catch (error) {
		if (isDue()) goBackLater(holding, parts, armed, error);
	}
}

/** Until it succeeds, or somebody says anew what is wanted; told once for each reason. */
function goBackLater(holding: Holding, parts: DaemonParts, armed: Pending, error: unknown): void {
	const why = failureOf(error).message;
	if (holding.revertTrouble?.why !== why) parts.log('error', 'could not go back', { why });
	const failures = (holding.revertTrouble?.failures ?? 0) + 1;
	holding.revertTrouble = { why, failures };
	clearTimeout(holding.waiting);
	holding.waiting = setTimeout(() => void overdue(holding, parts, armed), retryMs(failures)).unref();
}

/** Without a time it is meant for good, whatever was said before. */
export async function enableFor(holding: Holding, parts: DaemonParts, seconds: number | undefined) {
	return changeFor(holding, parts, 'enable', seconds, () => enable(holding, parts));
}

/** The same for settings: without a time those that waited for a word hold for good too. One change among others. */
export async function reloadFor(
	holding: Holding,
	parts: DaemonParts,
	seconds: number | undefined,
	change: () => Promise<void>,
): Promise<void> {
	if (seconds === undefined && holding.pending?.settings === undefined) return change();
	return changeFor(holding, parts, 'reload', seconds, change, writtenOf(holding.loaded));
}

async function changeFor<T>(
	holding: Holding,
	parts: DaemonParts,
	verb: string,
	seconds: number | undefined,
	change: () => Promise<T>,
	settings?: Written,
): Promise<T> {
	const former = holding.pending;
	if (seconds !== undefined) await arm(holding, parts, seconds, settings);
	try {
		const changed = await change();
		if (seconds === undefined) await dismiss(holding, parts);
		else if (await adopt(holding, parts)) throw tooLate(verb);
		return changed;
	} catch (error) {
		if (former === undefined) await dismiss(holding, parts);
		throw error;
	}
}

/** What was switched on stays. */
export async function confirm(holding: Holding, parts: DaemonParts): Promise<void> {
	if (holding.pending === undefined) throw nothingPending('confirm');
	if (await adopt(holding, parts)) throw tooLate('confirm');
	await dismiss(holding, parts);
	parts.log('info', 'confirmed');
}

/** Whoever says anew what is wanted can reach the host: nothing goes back any more. */
export async function dismiss(holding: Holding, parts: DaemonParts): Promise<void> {
	const { pending } = holding;
	if (pending === undefined) return;
	drop(holding, parts, pending);
	await parts.alarm.cancel(pending.alarm);
}

/**
 * Nothing waits any more. Where a restart is to find the rules off, it finds it in this file until the disk has the wish:
 * a power cut in between must not come back with rules that nobody has confirmed.
 */
function drop(holding: Holding, { pendingFile, stateFile, log }: DaemonParts, { before }: Pending): void {
	clearTimeout(holding.waiting);
	Object.assign(holding, { pending: undefined, waiting: undefined, revertTrouble: undefined });
	const remove = () => {
		try {
			if (holding.pending === undefined) pendingFile.remove();
		} catch (error) {
			log('warn', 'what waited for confirmation could not be removed', { why: failureOf(error).message });
		}
	};
	if (holding.wanted === 'disabled' && before.wanted === 'disabled') stateFile.whenKept(remove);
	else remove();
}

/** Back to what was before. */
export async function revert(holding: Holding, parts: DaemonParts): Promise<void> {
	const { pending } = holding;
	if (pending === undefined) throw nothingPending('go back');
	await goBack(holding, parts, pending);
	await settle(holding, parts);
}

async function goBack(holding: Holding, parts: DaemonParts, pending: Pending): Promise<void> {
	const former = await readFormer(holding, parts, pending);
	if (former !== undefined && pending.before.wanted === 'enabled') await takeBack(holding, parts, former);
	if (pending.before.wanted === 'disabled') {
		holding.known = undefined;
		holding.known = await restore(holding.survey.host, pending, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	}
	done(holding, parts, pending);
	// With nothing led to it any more, there is only Envoy left to go back.
	if (former !== undefined && pending.before.wanted === 'disabled') await takeBack(holding, parts, former);
}

/** Somebody went back while we were not there, or did not answer. */
export const isOverdue = ({ pending }: Holding, { pendingFile }: DaemonParts): boolean =>
	pending !== undefined && pendingFile.read()?.isReverted === true;

/**
 * Then that is how things are to be: what was halted in the middle of a change has made it since. One change among
 * others. Says whether it was so.
 */
export async function adopt(holding: Holding, parts: DaemonParts): Promise<boolean> {
	const { pending } = holding;
	if (pending === undefined || holding.isEnding || !isOverdue(holding, parts)) return false;
	await goBack(holding, parts, pending);
	return true;
}

function done(holding: Holding, parts: DaemonParts, pending: Pending): void {
	const { before, saved } = pending;
	// What was there before may bear our names too: then nothing of ours has to go.
	const isUnsettled = Object.values(saved).every(({ ipv4, ipv6 }) => ipv4 + ipv6 === '');
	if (before.wanted === 'disabled')
		Object.assign(holding, { aim: undefined, isLifted: false, isUnsettled, isReleased: isUnsettled });
	parts.tallies.add('ruleChanges', 'revert');
	parts.log('warn', 'not confirmed in time: back to what was before', { wanted: before.wanted });
	remember(holding, before, parts);
	drop(holding, parts, pending);
	if (before.wanted === 'disabled') settleSoon(holding, parts);
}

/** At the start: a time that is over is over; otherwise it is waited for anew, as what waited may have gone with a reboot. */
export async function resume(holding: Holding, parts: DaemonParts): Promise<void> {
	const pending = parts.pendingFile.read();
	if (pending === undefined) return;
	holding.pending = pending;
	const seconds = Math.ceil((Date.parse(pending.until) - Date.now()) / 1_000);
	if (seconds <= 0 || pending.isReverted) {
		// What nobody has confirmed is not to take hold by a restart.
		Object.assign(holding, await readFormer(holding, parts, pending).catch(untaken(parts)));
		done(holding, parts, pending);
	} else {
		await watchOver(holding, parts, pending, seconds);
		await parts.alarm.cancel(pending.alarm);
	}
}

/** Settings that this host does not take any more keep nobody from a start. */
const untaken =
	({ log }: DaemonParts) =>
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
