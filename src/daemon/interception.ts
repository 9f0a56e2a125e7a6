import { Failure, failureOf } from '../failure.ts';
import type { Dialect } from '../firewall/firewall.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { IptablesRules } from '../firewall/iptables/installed.ts';
import { timeOf } from '../lib/clock.ts';
import { remove } from '../reconcile/apply.ts';
import { applyDesired } from '../reconcile/resolve.ts';
import { captureWhole } from '../reconcile/staged-capture.ts';
import type { Wanted } from '../status/types.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { noteRoom } from './routing-room.ts';
import type { DaemonState } from './state.ts';

/** One change of rules is a matter of milliseconds; a lock that somebody holds may take longer. */
export const CHANGE_TIMEOUT_MS = 60_000;
const SETTLE_POLL_MS = 1_000;

export async function applyRules(
	state: DaemonState,
	context: DaemonContext,
	deps: DaemonDependencies,
): Promise<ByFamily<IptablesRules> | undefined> {
	const { log } = deps;
	const wasOn = state.applied !== undefined;
	refuseEnding(state);
	const startedMs = deps.clock.nowMs();
	for (const port of [context.config.ingressPort, context.config.egressPort]) state.redirectPorts.add(port);
	const before = state.lastRead;
	state.lastRead = undefined;
	const { lastRead, ...applied } = await applyDesired(context, AbortSignal.timeout(CHANGE_TIMEOUT_MS), before);
	const { target, ipv6BypassReason } = applied;
	Object.assign(state, {
		lastRead,
		applied,
		isLifted: false,
		isUnsettled: false,
	});
	await noteRoom(state, deps, target);
	await claimFirst(state, deps);
	const families = target.families.join(',');
	log('info', 'interception enabled', { backend: target.dialect, families, ms: sinceMs(deps, startedMs) });
	if (ipv6BypassReason !== '') log('warn', 'IPv6 goes past Envoy', { why: ipv6BypassReason });
	// Whatever opens a connection is captured already: nobody who has asked waits for the rest.
	if (!wasOn || target.stage === 'opening') dropStaleConntrackSoon(state, deps);
	return heldBy(state, target.dialect);
}

const heldBy = ({ lastRead }: DaemonState, dialect: Dialect): ByFamily<IptablesRules> | undefined =>
	lastRead?.get(dialect);

/** Ours come before what others have there already. */
async function claimFirst({ applied, lastRead, context }: DaemonState, { order }: DaemonDependencies): Promise<void> {
	const held = lastRead?.get(applied?.target.dialect ?? 'iptables-nft');
	if (applied !== undefined && held !== undefined)
		await order.claim(context.host, applied.target, held, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
}

/** A stop may wait for connections to end; meanwhile nobody has to wait for it to hear that it is too late. */
export function refuseEnding({ isEnding }: DaemonState, to: 'on' | 'off' = 'on'): void {
	if (!isEnding) return;
	throw new Failure(
		'not-running',
		`Cannot switch the rules ${to}: the daemon is being stopped`,
		'Start it again, with `systemctl start turnout` or `turnout run`',
	);
}

/** Rules and routes off. Connections that were captured go on; `settle` takes away what they need for that. */
export async function removeRules(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	const { log } = deps;
	const startedMs = deps.clock.nowMs();
	state.conntrackTimer?.();
	state.lastRead = undefined;
	state.lastRead = await remove(state.context.host, { keepConntrack: true }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	state.applied = undefined;
	state.isUnsettled = true;
	state.isReleased = true;
	log('info', 'interception disabled', { ms: sinceMs(deps, startedMs) });
	await tryFinishDrain(state, deps);
	startDrainPoller(state, deps);
}

/** Nothing of ours is left once the last captured connection has ended. */
export async function finishDrain(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	if (!state.isUnsettled || (await countRedirected(state, deps)) > 0) return;
	// First: what is still translated may go to whoever has taken Envoy's ports, and nobody keeps them from it then.
	await dropRedirectedConntrack(state, deps);
	state.lastRead = undefined;
	state.lastRead = await remove(state.context.host, { keepConntrack: false }, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
	state.isUnsettled = false;
}

const FORGET_AFTER_MS = 300;

/**
 * New connections are not to be taken for those that went past us while there were no rules. Once for all that happens
 * within a moment, and after it: the kernel makes us wait for its end.
 */
export function dropStaleConntrackSoon(state: DaemonState, deps: DaemonDependencies): void {
	state.conntrackTimer?.();
	state.conntrackTimer = deps.clock.after(FORGET_AFTER_MS, () => void captureEverything(state, deps));
}

/** The same at once. */
export async function captureEverything(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	state.conntrackTimer?.();
	await dropStaleConntrack(deps);
	await state.ruleLock(() => completeCapture(state, deps));
}

const dropStaleConntrack = ({ dropStaleConntrack, log }: DaemonDependencies): Promise<void> =>
	dropStaleConntrack().catch((error) => {
		log('debug', 'connections of before could not be forgotten', { why: failureOf(error).message });
	});

/** From what opens a connection to all of it. Where that cannot be, what is captured stays so, and it is told. */
async function completeCapture(state: DaemonState, { connections, log }: DaemonDependencies): Promise<void> {
	const { applied, context, lastRead, redirectPorts } = state;
	if (applied === undefined || lastRead === undefined || state.isEnding || applied.target.stage === 'all') return;
	const openings = { connections, capture: context.capture, ports: redirectPorts };
	const signal = AbortSignal.timeout(CHANGE_TIMEOUT_MS);
	state.lastRead = undefined;
	try {
		const whole = await captureWhole(context.host, applied.target, lastRead, openings, signal);
		Object.assign(state, { lastRead: whole.lastRead, applied: { ...applied, target: whole.target } });
	} catch (error) {
		const limited = failureOf(error).message;
		state.applied = { ...applied, limited };
		log('warn', 'only what opens a connection is captured', { why: limited });
	}
}

/** One looks for all, however often the rules were switched off meanwhile. */
export function startDrainPoller(state: DaemonState, deps: DaemonDependencies): void {
	if (state.isSettling) return;
	state.isSettling = true;
	void pollDrain(state, deps);
}

/** The next rules are not to find what these have left in the kernel; that it cannot be taken away harms hardly anybody. */
export const dropRedirectedConntrack = (
	{ redirectPorts }: DaemonState,
	{ dropRedirectedConntrack: forgetFor, log }: DaemonDependencies,
): Promise<void> =>
	forgetFor(redirectPorts).catch((error) => {
		log('warn', 'ended connections could not be forgotten', { why: failureOf(error).message });
	});

/** Looks now and then whether the last captured connection has ended, until it has. */
async function pollDrain(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	while (state.isUnsettled && !state.isEnding) {
		await deps.clock.sleep(SETTLE_POLL_MS);
		await state.ruleLock(async () => (state.isEnding ? undefined : tryFinishDrain(state, deps)));
	}
	state.isSettling = false;
}

/** The rules are off all the same, and it is tried again. */
const tryFinishDrain = (state: DaemonState, deps: DaemonDependencies): Promise<void> =>
	finishDrain(state, deps).catch((error) => {
		deps.log('warn', 'what is left could not be taken away', { why: failureOf(error).message });
	});

/** How many captured connections are open. */
export const countRedirected = (
	{ redirectPorts }: DaemonState,
	{ countRedirected }: DaemonDependencies,
): Promise<number> => countRedirected([...redirectPorts]);

const sinceMs = ({ clock }: DaemonDependencies, startedMs: number): number => Math.round(clock.nowMs() - startedMs);

/** Rules on, now or as soon as Envoy is LIVE; and remembered. Resolves to what was read back, if they are on now. */
export async function enable(
	state: DaemonState,
	deps: DaemonDependencies,
): Promise<ByFamily<IptablesRules> | undefined> {
	const former = { wanted: state.wanted, since: state.since };
	// Remembered first: killed in the middle, the next start goes on with it.
	setDesired(state, 'enabled', deps);
	try {
		if (waitsForEnvoy(state, deps)) return undefined;
		deps.order.prefetch();
		const held = await applyRules(state, state.context, deps);
		deps.counters.add('ruleChanges', 'enable');
		return held;
	} catch (error) {
		persist(state, former, deps);
		throw error;
	}
}

/** Never are connections led to an Envoy that is not there yet. */
export const waitsForEnvoy = ({ isStarting }: DaemonState, { proxy }: DaemonDependencies): boolean =>
	isStarting || (proxy !== undefined && proxy.history().state.kind !== 'live');

export async function disable(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	await removeRules(state, deps);
	deps.counters.add('ruleChanges', 'disable');
	state.isLifted = false;
	const since = state.wanted === 'disabled' ? state.since : timeOf(deps.clock);
	// The rules are off whether or not that can be remembered.
	Object.assign(state, { wanted: 'disabled', since });
	setDesired(state, 'disabled', deps);
}

function setDesired(state: DaemonState, wanted: Wanted, deps: DaemonDependencies): void {
	const since = wanted === state.wanted ? state.since : timeOf(deps.clock);
	persist(state, { wanted, since }, deps);
}

export function persist(
	state: DaemonState,
	remembered: Partial<Pick<DaemonState, 'wanted' | 'since' | 'image'>>,
	{ stateFile }: DaemonDependencies,
): void {
	const { wanted, since, image } = { ...state, ...remembered };
	const dialect = state.context.backend.name;
	stateFile.write({ wanted, since, dialect, ...(image === undefined ? {} : { image }) });
	Object.assign(state, remembered);
}
