import type { Loaded } from './config/read.ts';
import { createKept, type Kept } from './control/kept.ts';
import { renderMetrics } from './control/metrics.ts';
import { type Service, serve } from './control/server.ts';
import { createDaemon, type Daemon } from './daemon/daemon.ts';
import { createConnections, forgetTranslated } from './host/connections.ts';
import { countAccepted, readListeners } from './host/listeners.ts';
import { openHost } from './host/open.ts';
import { readRaw } from './host/raw.ts';
import { createStateFile } from './host/state.ts';
import { createLog, type Level, type Log, logJson, logText } from './log.ts';
import type { PullProgress } from './ports.ts';
import { createProxy, planOf } from './proxy.ts';
import { loadSettings, type SettingsArguments } from './settings.ts';
import { aimOf, surveyHost } from './survey.ts';
import { metrics, type Seen } from './telemetry/metrics.ts';
import { createTallies, type Tallies } from './telemetry/tallies.ts';

const KEPT_LOG_LINES = 2_000;
const KEPT_EVENTS = 500;

export interface AgentOptions {
	readonly settings: SettingsArguments;
	/** For people rather than for machines. */
	readonly isTerminal: boolean;
	/** Where the log goes. */
	readonly write: (text: string) => void;
	/** Called whenever a pull goes on, and without anything when it has ended. */
	readonly onPull: (pull: PullProgress | undefined) => void;
	/** Called once what was asked for holds. */
	readonly onReady: (socket: string) => void;
}

/** The daemon: settings, host, socket, Envoy, rules; and all of it back in reverse once the signal says so. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
	const loaded = await loadSettings(options.settings);
	const { config } = loaded;
	const output = createKept<string>(KEPT_LOG_LINES);
	const events = createKept<string>(KEPT_EVENTS);
	const log = createAgentLog(options, config.logLevel, events);
	tell(loaded, log);
	const tallies = createTallies();
	const stateFile = createStateFile(config.stateDirectory);
	const survey = await surveyHost(await openHost(signal), loaded, stateFile.read().dialect, signal);
	// What this host cannot meet is found out now and not when it is first wanted.
	await aimOf(survey);
	const proxy = await createProxy(survey, {
		onOutput: output.add,
		onChange(history, before) {
			if (history.pull !== before.pull) options.onPull(history.pull);
			daemon.onLife(history, before);
		},
	});
	const daemon: Daemon = createDaemon({
		loaded,
		survey,
		stateFile,
		log,
		tallies,
		proxy,
		planOf: (of, { handedOn }, image) => planOf(of, handedOn, image),
		captured: countAccepted,
		listeners: readListeners,
		connections: createConnections(),
		forget: forgetTranslated,
		load: () => loadSettings(options.settings),
		raw: ({ tools }) => readRaw(tools, config.routeTable),
	});
	const service: Service = {
		handlers: daemon.handlers,
		kept: { logs: output, events },
		metrics: async () => renderMetrics(metrics, await seenOf(daemon, tallies, signal)),
	};
	const close = await serve(config.socket, service, signal);
	await live(daemon, () => options.onReady(config.socket), signal).finally(close);
}

const createAgentLog = ({ write, isTerminal }: AgentOptions, level: Level, events: Kept<string>): Log =>
	createLog(level, [
		(event) => write(isTerminal ? logText(event) : logJson(event)),
		(event) => events.add(logJson(event).trimEnd()),
	]);

async function live(daemon: Daemon, onReady: () => void, signal: AbortSignal): Promise<void> {
	try {
		await daemon.start(signal);
		onReady();
		await aborted(signal);
	} finally {
		await daemon.stop();
	}
}

function tell({ notices }: Loaded, log: Log): void {
	for (const notice of notices) log('warn', 'setting taken otherwise than written', { notice });
}

const seenOf = async ({ handlers }: Daemon, tallies: Tallies, signal: AbortSignal): Promise<Seen> => ({
	status: await handlers.status({}, signal),
	tallies: tallies.read(),
	process: { startedMs: performance.timeOrigin, residentBytes: process.memoryUsage.rss() },
});

/** Once asked to stop, a start that is under way ends too; that is no failure. */
function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		else signal.addEventListener('abort', () => resolve(), { once: true });
	});
}
