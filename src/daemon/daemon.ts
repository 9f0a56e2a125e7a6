import { imageOf } from '../config/changes.ts';
import type { SupervisionHistory } from '../envoy/lifecycle.ts';
import { ownChains } from '../firewall/iptables/installed.ts';
import { timeOf } from '../lib/clock.ts';
import { createMutex } from '../lib/mutex.ts';
import { untilNone } from '../lib/until-none.ts';
import type { Handlers } from '../localapi/protocol.ts';
import { remove } from '../reconcile/apply.ts';
import type { Fact } from '../status/conditions.ts';
import { resume } from './confirm.ts';
import type { DaemonDependencies } from './dependencies.ts';
import { createDrift } from './drift.ts';
import { onEnvoyStateChange } from './failure-policy.ts';
import { createHandlers } from './handlers.ts';
import {
	applyRules,
	captureEverything,
	countRedirected,
	dropRedirectedConntrack,
	removeRules,
} from './interception.ts';
import { watchFacts } from './rule-order.ts';
import type { DaemonState } from './state.ts';

export interface Daemon {
	readonly handlers: Handlers;
	/** Envoy first, then the rules if they are wanted. */
	start(signal: AbortSignal): Promise<void>;
	/** The rules first, then Envoy. */
	stop(): Promise<void>;
	/** Looks after the host until the signal is aborted. */
	watch(signal: AbortSignal): void;
	/** To be told whenever Envoy's life takes a turn. */
	onLife(history: SupervisionHistory, before: SupervisionHistory): void;
}

export function createDaemon(deps: DaemonDependencies): Daemon {
	const state = holdingOf(deps);
	const drift = createDrift(state, deps);
	return {
		handlers: createHandlers(state, drift, deps),
		start: (signal) =>
			start(state, deps, signal).catch((error) => {
				state.isRefused = !signal.aborted;
				throw error;
			}),
		async stop() {
			// From now on nothing changes by itself; what is under way comes to its end first.
			state.isEnding = true;
			for (const cancel of [state.conntrackTimer, state.waiting]) cancel?.();
			await state.ruleLock(async () => {
				if (state.context.config.onStop === 'keep') await deps.proxy?.leave();
				else await stop(state, deps);
			});
			await state.routes(async () => undefined);
			deps.log('info', 'stopped');
		},
		watch(signal) {
			const routeTable = () => (state.applied?.target.homeward ?? { table: state.context.config.routeTable }).table;
			const isTold = deps.watchChanges({ chains: ownChains, routeTable }, drift, signal);
			void drift.watch(isTold, signal);
			const onOthers = (why: string) => {
				if (why === '') deps.log('info', "others' rules are no matter any more");
				else deps.log('warn', "others' rules matter", { why });
				drift.onChange({ subject: 'order', by: '', isOwn: false });
			};
			void watchFacts(deps.clock, () => inspectOthers(state, deps), onOthers, signal);
		},
		onLife: (history, before) => onEnvoyStateChange(state, deps, history, before),
	};
}

/** Nothing of others' matters while nothing of ours is there. */
async function inspectOthers(
	{ applied, context, isLifted }: DaemonState,
	{ order }: DaemonDependencies,
): Promise<readonly Fact[]> {
	return applied === undefined || isLifted ? [] : order.inspect({ context, desired: applied, isOn: true });
}

function holdingOf({ loaded, context, stateFile, clock }: DaemonDependencies): DaemonState {
	const state = stateFile.read();
	return {
		ruleLock: createMutex(),
		reloadLock: createMutex(),
		routes: createMutex(),
		loaded,
		context,
		wanted: context.config.startEnabled ? 'enabled' : (state.wanted ?? 'disabled'),
		since: state.since ?? timeOf(clock),
		applied: undefined,
		lastRead: undefined,
		madeRoom: new Map(),
		isLifted: false,
		redirectPorts: new Set([context.config.ingressPort, context.config.egressPort]),
		isUnsettled: false,
		isReleased: false,
		isSettling: false,
		isStarting: true,
		isRefused: false,
		isEnding: false,
		image: state.image,
		pending: undefined,
		waiting: undefined,
		rollbackProblem: undefined,
		unconfirmed: [],
		conntrackTimer: undefined,
	};
}

async function start(state: DaemonState, deps: DaemonDependencies, signal: AbortSignal): Promise<void> {
	const { proxy, stateFile, log, counters } = deps;
	await resume(state, deps);
	const { context, loaded, ruleLock } = state;
	// A folder that can never be written is found out before anything is started.
	stateFile.write({ ...stateFile.read(), dialect: context.backend.name });
	const image = imageOf(state, context.config.envoy.image);
	const asWanted = () =>
		ruleLock(async () => {
			if (state.isEnding) return;
			if (state.wanted === 'enabled') await applyRules(state, state.context, deps);
			// What bears our names may be another turnout's that runs here.
			else if (!deps.hasNeighbour()) await removeRules(state, deps);
			state.isStarting = false;
		});
	await proxy?.start(deps.envoySpecOf(context, loaded, image), asWanted, signal);
	await asWanted();
	if (state.applied?.target.stage === 'opening') await captureEverything(state, deps);
	counters.add('ruleChanges', 'start');
	log('info', 'ready', { wanted: state.wanted, socket: context.config.socket });
}

/** The rules first; then connections have their time to end, and our Envoy with them; then what they needed goes. */
async function stop(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	if (state.isStarting) return stopEarly(state, deps);
	// What is there while nothing of ours is belongs to others, such as another turnout.
	if (state.applied !== undefined || state.isUnsettled)
		await removeRules(state, deps).catch(async (error) => {
			// Rules that stay lead to it.
			await deps.proxy?.leave();
			throw error;
		});
	const deadline = AbortSignal.timeout(state.context.config.envoy.drainSeconds * 1_000);
	try {
		if (deps.proxy !== undefined) await deps.proxy.stop();
		else if (state.isUnsettled) await untilNone(() => countRedirected(state, deps), deadline);
	} finally {
		// Also where Envoy could not be stopped: nobody comes to do it later.
		if (state.isUnsettled) await endTranslations(state, deps);
	}
}

async function endTranslations(state: DaemonState, deps: DaemonDependencies): Promise<void> {
	await dropRedirectedConntrack(state, deps);
	await remove(state.context.host, { keepConntrack: false }, AbortSignal.timeout(STOP_TIMEOUT_MS));
	state.isUnsettled = false;
}

/**
 * Told to end before anything was committed by us: rules that are there may be those of a former daemon, or of another
 * that runs. They go where they lead to nobody; where the start has failed, everything is left as it was found.
 */
async function stopEarly(state: DaemonState, { proxy, listeners }: DaemonDependencies): Promise<void> {
	await proxy?.stop();
	const { host, config } = state.context;
	const open = (await listeners()).map(({ port }) => port);
	if (state.isRefused || proxy === undefined || open.includes(config.egressPort)) return;
	await remove(host, { keepConntrack: false }, AbortSignal.timeout(STOP_TIMEOUT_MS));
}

const STOP_TIMEOUT_MS = 30_000;
