import { imageOf } from '../config/changes.ts';
import type { History } from '../envoy/lifecycle.ts';
import { ownChains } from '../firewall/iptables/installed.ts';
import { createExclusive } from '../lib/mutex.ts';
import { untilNone } from '../lib/until-none.ts';
import type { Handlers } from '../localapi/protocol.ts';
import { release } from '../reconcile/apply.ts';
import type { Fact } from '../status/conditions.ts';
import { resume } from './confirm.ts';
import type { DaemonParts } from './dependencies.ts';
import { createDrift } from './drift.ts';
import { answerLife } from './failure-policy.ts';
import { createHandlers } from './handlers.ts';
import { captureAll, forget, openConnections, turnOff, turnOn } from './interception.ts';
import { watchFacts } from './rule-order.ts';
import type { Holding } from './state.ts';

export interface Daemon {
	readonly handlers: Handlers;
	/** Envoy first, then the rules if they are wanted. */
	start(signal: AbortSignal): Promise<void>;
	/** The rules first, then Envoy. */
	stop(): Promise<void>;
	/** Looks after the host until the signal is aborted. */
	watch(signal: AbortSignal): void;
	/** To be told whenever Envoy's life takes a turn. */
	onLife(history: History, before: History): void;
}

export function createDaemon(parts: DaemonParts): Daemon {
	const holding = holdingOf(parts);
	const drift = createDrift(holding, parts);
	return {
		handlers: createHandlers(holding, drift, parts),
		start: (signal) =>
			start(holding, parts, signal).catch((error) => {
				holding.isRefused = !signal.aborted;
				throw error;
			}),
		async stop() {
			// From now on nothing changes by itself; what is under way comes to its end first.
			holding.isEnding = true;
			for (const timer of [holding.forgetting, holding.waiting]) clearTimeout(timer);
			await holding.exclusive(async () => {
				if (holding.survey.config.onStop === 'keep') await parts.proxy?.leave();
				else await stop(holding, parts);
			});
			await holding.routes(async () => undefined);
			parts.log('info', 'stopped');
		},
		watch(signal) {
			const routeTable = () => (holding.aim?.target.homeward ?? { table: holding.survey.config.routeTable }).table;
			const isTold = parts.hear({ chains: ownChains, routeTable }, drift, signal);
			void drift.watch(isTold, signal);
			const onOthers = (why: string) => {
				if (why === '') parts.log('info', "others' rules are no matter any more");
				else parts.log('warn', "others' rules matter", { why });
				drift.onNotice({ subject: 'order', by: '', isOwn: false });
			};
			void watchFacts(() => inspectOthers(holding, parts), onOthers, signal);
		},
		onLife: (history, before) => answerLife(holding, parts, history, before),
	};
}

/** Nothing of others' matters while nothing of ours is there. */
async function inspectOthers({ aim, survey, isLifted }: Holding, { order }: DaemonParts): Promise<readonly Fact[]> {
	return aim === undefined || isLifted ? [] : order.inspect({ survey, aim, isOn: true });
}

function holdingOf({ loaded, survey, stateFile }: DaemonParts): Holding {
	const state = stateFile.read();
	return {
		exclusive: createExclusive(),
		exchanges: createExclusive(),
		routes: createExclusive(),
		loaded,
		survey,
		wanted: survey.config.startEnabled ? 'enabled' : (state.wanted ?? 'disabled'),
		since: state.since ?? new Date().toISOString(),
		aim: undefined,
		known: undefined,
		madeRoom: new Map(),
		isLifted: false,
		capturedFor: new Set([survey.config.ingressPort, survey.config.egressPort]),
		isUnsettled: false,
		isReleased: false,
		isSettling: false,
		isStarting: true,
		isRefused: false,
		isEnding: false,
		image: state.image,
		pending: undefined,
		waiting: undefined,
		revertTrouble: undefined,
		unconfirmed: [],
		forgetting: undefined,
	};
}

async function start(holding: Holding, parts: DaemonParts, signal: AbortSignal): Promise<void> {
	const { proxy, stateFile, log, tallies } = parts;
	await resume(holding, parts);
	const { survey, loaded, exclusive } = holding;
	// A folder that can never be written is found out before anything is started.
	stateFile.write({ ...stateFile.read(), dialect: survey.backend.name });
	const image = imageOf(holding, survey.config.envoy.image);
	const asWanted = () =>
		exclusive(async () => {
			if (holding.isEnding) return;
			if (holding.wanted === 'enabled') await turnOn(holding, holding.survey, parts);
			// What bears our names may be another turnout's that runs here.
			else if (!parts.hasNeighbour()) await turnOff(holding, parts);
			holding.isStarting = false;
		});
	await proxy?.start(parts.planOf(survey, loaded, image), asWanted, signal);
	await asWanted();
	if (holding.aim?.target.stage === 'opening') await captureAll(holding, parts);
	tallies.add('ruleChanges', 'start');
	log('info', 'ready', { wanted: holding.wanted, socket: survey.config.socket });
}

/** The rules first; then connections have their time to end, and our Envoy with them; then what they needed goes. */
async function stop(holding: Holding, parts: DaemonParts): Promise<void> {
	if (holding.isStarting) return stopEarly(holding, parts);
	// What is there while nothing of ours is belongs to others, such as another turnout.
	if (holding.aim !== undefined || holding.isUnsettled)
		await turnOff(holding, parts).catch(async (error) => {
			// Rules that stay lead to it.
			await parts.proxy?.leave();
			throw error;
		});
	const deadline = AbortSignal.timeout(holding.survey.config.envoy.drainSeconds * 1_000);
	try {
		if (parts.proxy !== undefined) await parts.proxy.stop();
		else if (holding.isUnsettled) await untilNone(() => openConnections(holding, parts), deadline);
	} finally {
		// Also where Envoy could not be stopped: nobody comes to do it later.
		if (holding.isUnsettled) await endTranslations(holding, parts);
	}
}

async function endTranslations(holding: Holding, parts: DaemonParts): Promise<void> {
	await forget(holding, parts);
	await release(holding.survey.host, { tracked: false }, AbortSignal.timeout(STOP_TIMEOUT_MS));
	holding.isUnsettled = false;
}

/**
 * Told to end before anything was committed by us: rules that are there may be those of a former daemon, or of another
 * that runs. They go where they lead to nobody; where the start has failed, everything is left as it was found.
 */
async function stopEarly(holding: Holding, { proxy, listeners }: DaemonParts): Promise<void> {
	await proxy?.stop();
	const { host, config } = holding.survey;
	const open = (await listeners()).map(({ port }) => port);
	if (holding.isRefused || proxy === undefined || open.includes(config.egressPort)) return;
	await release(host, { tracked: false }, AbortSignal.timeout(STOP_TIMEOUT_MS));
}

const STOP_TIMEOUT_MS = 30_000;
