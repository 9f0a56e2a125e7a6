import { setTimeout as sleep } from 'node:timers/promises';
import { Failure, failureOf } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { Held } from '../firewall/iptables/installed.ts';
import { release } from '../reconcile/apply.ts';
import { interceptSurveyed } from '../reconcile/resolve.ts';
import { captureWhole } from '../reconcile/staged-capture.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonParts } from './dependencies.ts';
import { noteRoom } from './routing-room.ts';
import type { Holding } from './state.ts';

/** One change of rules is a matter of milliseconds; a lock that somebody holds may take longer. */
export const CHANGE_TIMEOUT_MS = 60_000;
const SETTLE_POLL_MS = 1_000;

export async function turnOn(
	holding: Holding,
	survey: DaemonContext,
	parts: DaemonParts,
): Promise<ByFamily<Held> | undefined> {
	const { log } = parts;
	const wasOn = holding.aim !== undefined;
	refuseEnding(holding);
	const startedMs = performance.now();
	for (const port of [survey.config.ingressPort, survey.config.egressPort]) holding.capturedFor.add(port);
	const before = holding.known;
	holding.known = undefined;
	const { known, ...aim } = await interceptSurveyed(survey, AbortSignal.timeout(CHANGE_TIMEOUT_MS), before);
	const { target, ipv6Past } = aim;
	Object.assign(holding, {
		known,
		aim,
		isLifted: false,
		isUnsettled: false,
	});
	await noteRoom(holding, parts, target);
	await claimFirst(holding, parts);
	const families = target.families.join(',');
	log('info', 'interception enabled', { backend: target.dialect, families, ms: sinceMs(startedMs) });
	if (ipv6Past !== '') log('warn', 'IPv6 goes past Envoy', { why: ipv6Past });
	// Whatever opens a connection is captured already: nobody who has asked waits for the rest.
	if (!wasOn || target.stage === 'opening') forgetPast(holding, parts);
	return heldBy(holding, target.dialect);
}

const heldBy = ({ known }: Holding, dialect: Dialect): ByFamily<Held> | undefined => known?.get(dialect);

/** Ours come before what others have there already. */
async function claimFirst({ aim, known, survey }: Holding, { order }: DaemonParts): Promise<void> {
	const held = known?.get(aim?.target.dialect ?? 'iptables-nft');
	if (aim !== undefined && held !== undefined)
		await order.claim(survey.host, aim.target, held, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
}

/** A stop may wait for connections to end; meanwhile nobody has to wait for it to hear that it is too late. */
export function refuseEnding({ isEnding }: Holding, to: 'on' | 'off' = 'on'): void {
	if (!isEnding) return;
	throw new Failure(
		'not-running',
		`Cannot switch the rules ${to}: the daemon is being stopped`,
		'Start it again, with `systemctl start turnout` or `turnout run`',
	);
}

/** Rules and routes off. Connections that were captured go on; `settle` takes away what they need for that. */
export async function turnOff(holding: Holding, parts: DaemonParts): Promise<void> {
	const { log } = parts;
	const startedMs = performance.now();
	clearTimeout(holding.forgetting);
	holding.known = undefined;
	holding.known = await release(holding.survey.host, { tracked: true }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	holding.aim = undefined;
	holding.isUnsettled = true;
	holding.isReleased = true;
	log('info', 'interception disabled', { ms: sinceMs(startedMs) });
	await trySettle(holding, parts);
	settleSoon(holding, parts);
}

/** Nothing of ours is left once the last captured connection has ended. */
export async function settle(holding: Holding, parts: DaemonParts): Promise<void> {
	if (!holding.isUnsettled || (await openConnections(holding, parts)) > 0) return;
	// First: what is still translated may go to whoever has taken Envoy's ports, and nobody keeps them from it then.
	await forget(holding, parts);
	holding.known = undefined;
	holding.known = await release(holding.survey.host, { tracked: false }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	holding.isUnsettled = false;
}

const FORGET_AFTER_MS = 300;

/**
 * New connections are not to be taken for those that went past us while there were no rules. Once for all that happens
 * within a moment, and after it: the kernel makes us wait for its end.
 */
export function forgetPast(holding: Holding, parts: DaemonParts): void {
	clearTimeout(holding.forgetting);
	holding.forgetting = setTimeout(() => void captureAll(holding, parts), FORGET_AFTER_MS).unref();
}

/** The same at once. */
export async function captureAll(holding: Holding, parts: DaemonParts): Promise<void> {
	clearTimeout(holding.forgetting);
	await forgetEnded(parts);
	await holding.exclusive(() => completeCapture(holding, parts));
}

const forgetEnded = ({ forgetDead, log }: DaemonParts): Promise<void> =>
	forgetDead().catch((error) => {
		log('debug', 'connections of before could not be forgotten', { why: failureOf(error).message });
	});

/** From what opens a connection to all of it. Where that cannot be, what is captured stays so, and it is told. */
async function completeCapture(holding: Holding, { connections, log }: DaemonParts): Promise<void> {
	const { aim, survey, known, capturedFor } = holding;
	if (aim === undefined || known === undefined || holding.isEnding || aim.target.stage === 'all') return;
	const openings = { connections, capture: survey.capture, ports: capturedFor };
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	holding.known = undefined;
	try {
		const whole = await captureWhole(survey.host, aim.target, known, openings, signal);
		Object.assign(holding, { known: whole.known, aim: { ...aim, target: whole.target } });
	} catch (error) {
		const limited = failureOf(error).message;
		holding.aim = { ...aim, limited };
		log('warn', 'only what opens a connection is captured', { why: limited });
	}
}

/** One looks for all, however often the rules were switched off meanwhile. */
export function settleSoon(holding: Holding, parts: DaemonParts): void {
	if (holding.isSettling) return;
	holding.isSettling = true;
	void keepSettling(holding, parts);
}

/** The next rules are not to find what these have left in the kernel; that it cannot be taken away harms hardly anybody. */
export const forget = ({ capturedFor }: Holding, { forget: forgetFor, log }: DaemonParts): Promise<void> =>
	forgetFor(capturedFor).catch((error) => {
		log('warn', 'ended connections could not be forgotten', { why: failureOf(error).message });
	});

/** Looks now and then whether the last captured connection has ended, until it has. */
async function keepSettling(holding: Holding, parts: DaemonParts): Promise<void> {
	while (holding.isUnsettled && !holding.isEnding) {
		await sleep(SETTLE_POLL_MS, undefined, { ref: false });
		await holding.exclusive(async () => (holding.isEnding ? undefined : trySettle(holding, parts)));
	}
	holding.isSettling = false;
}

/** The rules are off all the same, and it is tried again. */
const trySettle = (holding: Holding, parts: DaemonParts): Promise<void> =>
	settle(holding, parts).catch((error) => {
		parts.log('warn', 'what is left could not be taken away', { why: failureOf(error).message });
	});

/** How many captured connections are open. */
export const openConnections = ({ capturedFor }: Holding, { captured }: DaemonParts): Promise<number> =>
	captured([...capturedFor]);

const sinceMs = (startedMs: number): number => Math.round(performance.now() - startedMs);

/** Rules on, now or as soon as Envoy is LIVE; and remembered. Resolves to what was read back, if they are on now. */
export async function enable(holding: Holding, parts: DaemonParts): Promise<ByFamily<Held> | undefined> {
	const former = { wanted: holding.wanted, since: holding.since };
	// Remembered first: killed in the middle, the next start goes on with it.
	wish(holding, 'enabled', parts);
	try {
		if (mustWait(holding, parts)) return undefined;
		parts.order.prefetch();
		const held = await turnOn(holding, holding.survey, parts);
		parts.tallies.add('ruleChanges', 'enable');
		return held;
	} catch (error) {
		remember(holding, former, parts);
		throw error;
	}
}

/** Never are connections led to an Envoy that is not there yet. */
export const mustWait = ({ isStarting }: Holding, { proxy }: DaemonParts): boolean =>
	isStarting || (proxy !== undefined && proxy.history().life.kind !== 'live');

export async function disable(holding: Holding, parts: DaemonParts): Promise<void> {
	await turnOff(holding, parts);
	parts.tallies.add('ruleChanges', 'disable');
	holding.isLifted = false;
	const since = holding.wanted === 'disabled' ? holding.since : new Date().toISOString();
	// The rules are off whether or not that can be remembered.
	Object.assign(holding, { wanted: 'disabled', since });
	wish(holding, 'disabled', parts);
}

function wish(holding: Holding, wanted: Wanted, parts: DaemonParts): void {
	const since = wanted === holding.wanted ? holding.since : new Date().toISOString();
	remember(holding, { wanted, since }, parts);
}

export function remember(
	holding: Holding,
	remembered: Partial<Pick<Holding, 'wanted' | 'since' | 'image'>>,
	{ stateFile }: DaemonParts,
): void {
	const { wanted, since, image } = { ...holding, ...remembered };
	const dialect = holding.survey.backend.name;
	stateFile.write({ wanted, since, dialect, ...(image === undefined ? {} : { image }) });
	Object.assign(holding, remembered);
}
