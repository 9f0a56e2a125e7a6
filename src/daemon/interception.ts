import { failureOf } from '../failure.ts';
import { untilCgroupsStay } from '../reconcile/resolve.ts';
import { needsTransparency } from '../ruleset/answers.ts';
import { unitsOf } from '../ruleset/exclusions.ts';
import type { Drain } from './connection-drain.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { followUnits } from './follow-units.ts';
import { type ReadBack, type Reconciler, readBackOf } from './reconciler.ts';
import { refuseStopping } from './refuse-stopping.ts';
import type { RoutingRoom } from './routing-room.ts';
import { appliedOf, type DaemonState, isStopping, portsOf, wasRolledBackElsewhere } from './state.ts';
import type { UnitWatch } from './unit-watch.ts';

/** Rules on and off. Callers hold `ruleLock`, but for what is said of `captureAll`. */
export interface Interception {
	/** Rules and routes on, as these settings have them. Resolves to what was read back. */
	readonly apply: (context: DaemonContext) => Promise<ReadBack | undefined>;
	/** Rules and routes off. Captured connections go on; the drain removes what they need for that. */
	readonly remove: (as: 'off' | 'lifted') => Promise<void>;
	/**
	 * New connections must not be taken for those that bypassed Envoy while there were no rules. Done once for all that
	 * happens within a moment, and after it: the kernel makes us wait for its end.
	 */
	readonly captureAllSoon: () => void;
	/** The same at once. Takes `ruleLock` itself. */
	readonly captureAll: () => Promise<void>;
	/** Nothing is done by itself any more. */
	readonly cancelTimer: () => void;
}

/** What rules are switched on and off with. */
export interface Parts {
	readonly state: DaemonState;
	readonly deps: DaemonDependencies;
	readonly reconciler: Reconciler;
	readonly drain: Drain;
	readonly units: UnitWatch;
	readonly room: RoutingRoom;
}

const CAPTURE_ALL_AFTER_MS = 300;

export function createInterception(parts: Parts): Interception {
	const { state, deps } = parts;
	let cancelTimer: () => void = () => undefined;
	const captureAll = async () => {
		cancelTimer();
		await dropStaleConntrack(deps);
		await state.ruleLock(() => completeCapture(parts));
	};
	const captureAllSoon = () => {
		cancelTimer();
		cancelTimer = deps.clock.after(CAPTURE_ALL_AFTER_MS, () => void captureAll());
	};
	return {
		...{ captureAll, captureAllSoon, cancelTimer: () => cancelTimer() },
		async apply(context) {
			const wasOn = state.rules.kind === 'on';
			const { target } = await apply(parts, context);
			// Whatever opens a connection is captured already: nobody who asked for it waits for the rest.
			if (!wasOn || target.stage === 'syn') captureAllSoon();
			return readBackOf(parts.reconciler, target.dialect);
		},
		async remove(as) {
			cancelTimer();
			await remove(parts, as);
		},
	};
}

async function apply({ state, deps, reconciler, drain, units, room }: Parts, context: DaemonContext) {
	refuseStopping(state, 'on');
	const startedMs = deps.clock.nowMs();
	for (const port of portsOf(context)) state.redirectPorts.add(port);
	state.hadTransparent ||= needsTransparency(context.capture);
	units.follow(unitsOf(context.capture));
	const applied = await reconciler.apply(context);
	const { target, ipv6BypassReason } = applied;
	state.rules = { kind: 'on', applied };
	drain.cancel();
	// The rules are on: what cannot be found out of others' is no reason to say that they are not.
	await room.note(target).catch(notKnown(deps, "others' routes"));
	await reconciler.claimFirst(state.settings.context.host, target).catch(notKnown(deps, "others' chains"));
	const families = target.families.join(',');
	deps.log('info', 'interception enabled', { backend: target.dialect, families, ms: msSince(deps, startedMs) });
	if (ipv6BypassReason !== '') deps.log('warn', 'IPv6 goes past Envoy', { why: ipv6BypassReason });
	return applied;
}

const notKnown =
	({ log }: DaemonDependencies, what: string) =>
	(error: unknown): void =>
		log('warn', 'could not be looked at', { what, why: failureOf(error).message });

async function remove({ state, deps, reconciler, drain }: Parts, as: 'off' | 'lifted'): Promise<void> {
	const startedMs = deps.clock.nowMs();
	const routing = appliedOf(state)?.target.localRouting;
	const keepRouting = routing?.isNeeded === true ? routing : undefined;
	await reconciler.remove(state.settings.context.host, { keepConntrack: true, keepRouting });
	state.rules = { kind: as };
	deps.log('info', 'interception disabled', { ms: msSince(deps, startedMs) });
	await drain.begin();
}

const msSince = ({ clock }: DaemonDependencies, startedMs: number): number => Math.round(clock.nowMs() - startedMs);

const dropStaleConntrack = ({ dropStaleConntrack: drop, log }: DaemonDependencies): Promise<void> =>
	drop().catch((error) => {
		log('debug', 'connections of before could not be forgotten', { why: failureOf(error).message });
	});

/** From what opens a connection to all of it. Where that is not possible, what is captured stays so, and it is logged. */
async function completeCapture(parts: Parts): Promise<void> {
	const { state, deps, reconciler } = parts;
	const { context } = state.settings;
	const applied = appliedOf(state);
	if (applied === undefined || isStopping(state) || applied.target.stage === 'all') return;
	if (wasRolledBackElsewhere(state, deps)) return;
	const openings = { connections: deps.connections, capture: context.capture, ports: state.redirectPorts };
	try {
		await untilCgroupsStay(context, applied, async () => {
			const desired = await followUnits(parts, appliedOf(state) ?? applied);
			const whole = await reconciler.captureWhole(context.host, desired.target, openings);
			if (whole === undefined) return;
			state.rules = { kind: 'on', applied: { ...desired, target: whole.target }, untold: whole.found };
		});
	} catch (error) {
		const limited = failureOf(error).message;
		state.rules = { kind: 'on', applied: { ...(appliedOf(state) ?? applied), limited } };
		deps.log('warn', 'only what opens a connection is captured', { why: limited });
	}
}
