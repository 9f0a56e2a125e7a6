import { setTimeout as sleep } from 'node:timers/promises';
import type { Loaded } from './config/read.ts';
import type { DisableReply, Handlers, Wanted } from './control/protocol.ts';
import type { Life } from './envoy/life.ts';
import type { Supervisor } from './envoy/supervise.ts';
import { createExclusive } from './exclusive.ts';
import { Failure, failureOf } from './failure.ts';
import type { Log } from './log.ts';
import { createObserver } from './observer.ts';
import type { ProxyAdmin, StateFile } from './ports.ts';
import { planReload } from './reload.ts';
import { shownSettings } from './settings.ts';
import { release } from './steady/interception.ts';
import { type Aim, aimOf, interceptSurveyed, type Survey, surveyHost } from './survey.ts';

/** One change of rules is a matter of milliseconds; a lock that somebody holds may take longer. */
const CHANGE_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

export interface DaemonParts {
	readonly loaded: Loaded;
	readonly survey: Survey;
	/** Undefined where somebody else runs Envoy. */
	readonly proxy: Supervisor | undefined;
	readonly admin: ProxyAdmin;
	readonly stateFile: StateFile;
	readonly log: Log;
	readonly load: () => Loaded;
	/** The five sections of the 2019 script's status. */
	readonly raw: (survey: Survey) => Promise<string>;
}

export interface Daemon {
	readonly handlers: Handlers;
	start(signal: AbortSignal): Promise<void>;
	stop(): Promise<void>;
	/** To be told whenever Envoy's life takes a turn. */
	onLife(life: Life): void;
}

/** What the daemon holds: the wish, what was aimed at for it, and the settings behind. */
interface Holding {
	loaded: Loaded;
	survey: Survey;
	wanted: Wanted;
	/** Since when the wish holds. */
	since: string;
	/** What was committed last; undefined while rules are off. */
	aim: Aim | undefined;
	isLifted: boolean;
	isStarting: boolean;
}

export function createDaemon(parts: DaemonParts): Daemon {
	const { proxy, stateFile, log } = parts;
	const exclusive = createExclusive();
	const state = stateFile.read();
	const holding: Holding = {
		loaded: parts.loaded,
		survey: parts.survey,
		wanted: parts.survey.config.startEnabled ? 'enabled' : (state.wanted ?? 'disabled'),
		since: state.since ?? new Date().toISOString(),
		aim: undefined,
		isLifted: false,
		isStarting: true,
	};
	const observe = createObserver(proxy);
	const status = () => observe({ ...holding, aim: holding.aim ?? aimOf(holding.survey) });

	async function turnOn(survey: Survey): Promise<void> {
		const startedMs = performance.now();
		holding.aim = await interceptSurveyed(survey, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
		holding.isLifted = false;
		const families = holding.aim.target.families.join(',');
		log('info', 'interception enabled', { backend: survey.backend.name, families, ms: sinceMs(startedMs) });
		if (holding.aim.ipv6Past !== '') log('warn', 'IPv6 goes past Envoy', { why: holding.aim.ipv6Past });
	}

	async function turnOff(): Promise<void> {
		const startedMs = performance.now();
		await release(holding.survey.host, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
		holding.aim = undefined;
		log('info', 'interception disabled', { ms: sinceMs(startedMs) });
	}

	function wish(wanted: Wanted): void {
		if (wanted !== holding.wanted) holding.since = new Date().toISOString();
		holding.wanted = wanted;
		stateFile.write({ wanted, since: holding.since, dialect: holding.survey.backend.name });
	}

	async function enable(): Promise<void> {
		const life = proxy?.life();
		if (life?.kind === 'failed')
			throw new Failure('envoy', `Cannot enable: ${life.why}`, 'Restart turnout, which starts Envoy again');
		if (!holding.isStarting) await turnOn(holding.survey);
		wish('enabled');
	}

	async function disable({ drainSeconds }: { readonly drainSeconds?: number }): Promise<DisableReply> {
		await exclusive(async () => {
			await turnOff();
			holding.isLifted = false;
			wish('disabled');
		});
		if (drainSeconds === undefined) return { status: await status() };
		const open = await connectionsAfter(parts.admin, drainSeconds);
		return { status: await status(), open };
	}

	async function reload(): Promise<readonly string[]> {
		const loaded = parts.load();
		const changed = planReload(holding.loaded, loaded, holding.survey.config.envoy.runtime);
		const survey = await surveyHost(loaded.config, holding.survey.backend.name, AbortSignal.timeout(CHANGE_TIMEOUT_MS));
		if (holding.aim !== undefined) await turnOn(survey);
		Object.assign(holding, { loaded, survey });
		log('info', 'settings reloaded', { changed: changed.join(',') });
		return changed;
	}

	const handlers: Handlers = {
		status: async () => status(),
		raw: async () => ({ text: await parts.raw(holding.survey) }),
		enable: async () => {
			await exclusive(enable);
			return status();
		},
		disable,
		reload: async () => {
			const changed = await exclusive(reload);
			return { changed, notices: holding.loaded.notices, status: await status() };
		},
		diff: async () => observe.diff({ ...holding, aim: holding.aim ?? aimOf(holding.survey) }),
		config: async () => shownSettings(holding.loaded),
	};

	return {
		handlers,
		async start(signal) {
			stateFile.write({ ...state, dialect: holding.survey.backend.name });
			await proxy?.start(signal);
			await exclusive(async () => {
				holding.isStarting = false;
				await (holding.wanted === 'enabled' ? turnOn(holding.survey) : turnOff());
			});
			log('info', 'ready', { wanted: holding.wanted, socket: holding.survey.config.socket });
		},
		async stop() {
			await exclusive(async () => {
				const keep = holding.survey.config.onStop === 'keep';
				if (keep || holding.isStarting) return;
				await turnOff();
			});
			if (holding.survey.config.onStop !== 'keep') await proxy?.stop();
			log('info', 'stopped');
		},
		onLife(life) {
			log(life.kind === 'failed' ? 'error' : 'info', `envoy ${life.kind}`, 'why' in life ? { why: life.why } : {});
			if (life.kind !== 'failed' || holding.aim === undefined || holding.survey.config.onEnvoyFailure !== 'open')
				return;
			exclusive(async () => {
				await turnOff();
				holding.isLifted = true;
			}).catch((error) => log('error', 'rules could not be lifted', { why: failureOf(error).message }));
		},
	};
}

const sinceMs = (startedMs: number): number => Math.round(performance.now() - startedMs);

async function connectionsAfter(admin: ProxyAdmin, seconds: number): Promise<number> {
	const deadline = AbortSignal.timeout(seconds * 1_000);
	const count = () => admin.connections(AbortSignal.timeout(POLL_MS * 20));
	let open = await count();
	while (open > 0 && !deadline.aborted) {
		await sleep(POLL_MS);
		open = await count();
	}
	return open;
}
