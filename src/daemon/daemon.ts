import { setTimeout as sleep } from 'node:timers/promises';
import type { Handlers } from '../control/protocol.ts';
import type { Life } from '../envoy/life.ts';
import { createExclusive } from '../exclusive.ts';
import { failureOf } from '../failure.ts';
import { release } from '../steady/interception.ts';
import { type Holding, openConnections, turnOff, turnOn } from './changes.ts';
import { createHandlers } from './handlers.ts';
import type { DaemonParts } from './parts.ts';

export interface Daemon {
	readonly handlers: Handlers;
	/** Envoy first, then the rules if they are wanted. */
	start(signal: AbortSignal): Promise<void>;
	/** The rules first, then Envoy. */
	stop(): Promise<void>;
	/** To be told whenever Envoy's life takes a turn. */
	onLife(life: Life): void;
}

export function createDaemon(parts: DaemonParts): Daemon {
	const { proxy, log } = parts;
	const holding = holdingOf(parts);
	const { exclusive } = holding;
	return {
		handlers: createHandlers(holding, parts),
		async start(signal) {
			// A folder that cannot be written is found out before anything is started.
			parts.stateFile.write({ ...parts.stateFile.read(), dialect: parts.survey.backend.name });
			await proxy?.start(signal);
			await exclusive(async () => {
				holding.isStarting = false;
				await (holding.wanted === 'enabled' ? turnOn(holding, holding.survey, parts) : turnOff(holding, parts));
			});
			log('info', 'ready', { wanted: holding.wanted, socket: holding.survey.config.socket });
		},
		async stop() {
			if (holding.survey.config.onStop !== 'keep') await exclusive(() => stop(holding, parts));
			log('info', 'stopped');
		},
		onLife(life) {
			log(life.kind === 'failed' ? 'error' : 'info', `envoy ${life.kind}`, 'why' in life ? { why: life.why } : {});
			if (life.kind === 'failed' && holding.survey.config.onEnvoyFailure === 'open')
				exclusive(() => lift(holding, parts)).catch((error) => {
					log('error', 'rules could not be lifted', { why: failureOf(error).message });
				});
		},
	};
}

function holdingOf({ loaded, survey, stateFile }: DaemonParts): Holding {
	const state = stateFile.read();
	return {
		exclusive: createExclusive(),
		loaded,
		survey,
		wanted: survey.config.startEnabled ? 'enabled' : (state.wanted ?? 'disabled'),
		since: state.since ?? new Date().toISOString(),
		aim: undefined,
		known: undefined,
		isLifted: false,
		capturedFor: new Set([survey.config.ingressPort, survey.config.egressPort]),
		isUnsettled: false,
		isStarting: true,
	};
}

/** The rules first; then connections have their time to end, and our Envoy with them; then what they needed goes. */
async function stop(holding: Holding, parts: DaemonParts): Promise<void> {
	if (!holding.isStarting) await turnOff(holding, parts);
	const deadline = AbortSignal.timeout(holding.survey.config.envoy.drainSeconds * 1_000);
	if (parts.proxy !== undefined) await parts.proxy.stop();
	else if (holding.isUnsettled)
		while (openConnections(holding, parts) > 0 && !deadline.aborted) await sleep(DRAIN_POLL_MS);
	if (holding.isUnsettled) await release(holding.survey.host, { tracked: false }, AbortSignal.timeout(STOP_TIMEOUT_MS));
}

const DRAIN_POLL_MS = 100;
const STOP_TIMEOUT_MS = 30_000;

async function lift(holding: Holding, parts: DaemonParts): Promise<void> {
	if (holding.aim === undefined) return;
	await turnOff(holding, parts);
	holding.isLifted = true;
}
