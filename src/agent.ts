import type { Loaded } from './config/read.ts';
import { createKept, type Kept } from './control/kept.ts';
import { renderMetrics } from './control/metrics.ts';
import { type Service, serve } from './control/server.ts';
import { createDaemon, type Daemon } from './daemon/daemon.ts';
import { createMemory } from './daemon/memory.ts';
import { createReport, type Report } from './daemon/report.ts';
import { createAlarm } from './host/alarm.ts';
import { createConnections, forgetTranslated } from './host/connections.ts';
import { readConntrackUsage } from './host/conntrack/usage.ts';
import { forgetDead } from './host/dead.ts';
import { readEffortMs } from './host/effort.ts';
import { glancing } from './host/glance.ts';
import { countAccepted, readListeners } from './host/listeners.ts';
import { hasNeighbour } from './host/neighbour.ts';
import { hear } from './host/notices/hear.ts';
import { openHost } from './host/open.ts';
import { createPendingFile } from './host/pending.ts';
import { readRaw } from './host/raw.ts';
import { rivals } from './host/rivals.ts';
import { openServiceManager } from './host/service-manager.ts';
import { createStateStore } from './host/state.ts';
import { createLooks } from './inspections.ts';
import { createLog, type Level, type Log, logJson, logText } from './log.ts';
import type { Dialect } from './ports.ts';
import type { PullProgress } from './ports-proxy.ts';
import { createProxy, planOf } from './proxy.ts';
import { ownChains } from './ruleset/held.ts';
import { loadSettings, recallSettings, type SettingsArguments } from './settings.ts';
import { aimOf, type Survey, surveyHost } from './survey.ts';
import { statusLine } from './telemetry/line.ts';
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
	const kept = { logs: createKept<string>(KEPT_LOG_LINES), events: createKept<string>(KEPT_EVENTS) };
	const log = createAgentLog(options, config.logLevel, kept.events, () => report.changed());
	using report = createReport(openServiceManager(process.env), () => lineOf(daemon, signal), log);
	tell(loaded, log);
	const tallies = createTallies();
	const stateFile = createMemory(createStateStore(config.stateDirectory), log);
	const survey = await surveyOnce(loaded, stateFile.read().dialect, log, signal);
	const proxy = await createProxy(survey, {
		onOutput: kept.logs.add,
		onChange(history, before) {
			if (history.pull !== before.pull) options.onPull(history.pull);
			daemon.onLife(history, before);
		},
	});
	const daemon: Daemon = createDaemon({
		loaded,
		survey,
		stateFile,
		pendingFile: createPendingFile(config.stateDirectory),
		alarm: createAlarm(),
		log,
		tallies,
		proxy,
		planOf: (of, { handedOn }, image) => planOf(of, handedOn, image),
		...world,
		connections: createConnections(),
		load: () => loadSettings(options.settings),
		recall: recallSettings,
		raw: (of) => readRaw(of.tools, of.config.routeTable),
		...(await createLooks(survey.host.tools, log)),
	});
	const service: Service = {
		handlers: daemon.handlers,
		kept,
		metrics: async () => renderMetrics(metrics, await seenOf(daemon, tallies, signal)),
	};
	const close = await serve(config.socket, service, signal);
	await live(daemon, report, () => options.onReady(config.socket), signal).finally(close);
}

/** The host is read in whole, to choose a backend by; what is asked of it later is read at a glance. */
async function surveyOnce(
	loaded: Loaded,
	remembered: Dialect | undefined,
	log: Log,
	signal: AbortSignal,
): Promise<Survey> {
	const survey = await surveyHost(await openHost(ownChains, signal), loaded, remembered, signal);
	tell(survey, log);
	// What this host cannot meet is found out now and not when it is first wanted.
	await aimOf(survey);
	return glancing(survey, ownChains);
}

/** What needs no setting. */
const world = {
	captured: countAccepted,
	forget: forgetTranslated,
	forgetDead,
	hear,
	rivals,
	hasNeighbour,
	effortMs: readEffortMs,
	listeners: readListeners,
} as const;

const createAgentLog = (
	{ write, isTerminal }: AgentOptions,
	level: Level,
	events: Kept<string>,
	onEvent: () => void,
): Log =>
	createLog(level, [
		(event) => write(isTerminal ? logText(event) : logJson(event)),
		(event) => events.add(logJson(event).trimEnd()),
		onEvent,
	]);

async function live(daemon: Daemon, report: Report, onReady: () => void, signal: AbortSignal): Promise<void> {
	try {
		daemon.watch(signal);
		await daemon.start(signal);
		report.ready();
		onReady();
		await aborted(signal);
	} finally {
		report.stopping();
		await daemon.stop();
	}
}

function tell({ notices }: Pick<Loaded, 'notices'>, log: Log): void {
	for (const notice of notices) log('warn', 'setting taken otherwise than written', { notice });
}

const lineOf = async ({ handlers }: Daemon, signal: AbortSignal): Promise<string> =>
	statusLine(await handlers.status({}, signal));

const seenOf = async ({ handlers }: Daemon, tallies: Tallies, signal: AbortSignal): Promise<Seen> => ({
	status: await handlers.status({}, signal),
	tallies: tallies.read(),
	process: { startedMs: performance.timeOrigin, residentBytes: process.memoryUsage.rss() },
	conntrack: readConntrackUsage(),
});

/** Once asked to stop, a start that is under way ends too; that is no failure. */
function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		else signal.addEventListener('abort', () => resolve(), { once: true });
	});
}
