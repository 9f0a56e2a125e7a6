import { loadSettings, recallSettings, type SettingsArguments } from '../../config/load.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import { createDaemon, type Daemon } from '../../daemon/daemon.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import type { DaemonDependencies } from '../../daemon/dependencies.ts';
import { createPersistentState } from '../../daemon/persisted-state.ts';
import { createSystemdNotifier, type SystemdNotifier } from '../../daemon/systemd-status.ts';
import type { PullProgress } from '../../envoy/runtime.ts';
import type { Dialect } from '../../firewall/firewall.ts';
import { iptables } from '../../firewall/iptables/iptables-firewall.ts';
import { dropStaleConntrack } from '../../host/conntrack/stale.ts';
import { readConntrackUsage } from '../../host/conntrack/usage.ts';
import { createConfirmationFile } from '../../host/files/confirmation-file.ts';
import { createStateStore } from '../../host/files/state-file.ts';
import { readRaw } from '../../host/iptables/listing.ts';
import { ruleManagers } from '../../host/iptables/other-managers.ts';
import { monitor } from '../../host/monitor/monitor.ts';
import { type OpenHost, openHost, requireDialect } from '../../host/open-host.ts';
import { runLight } from '../../host/process/command.ts';
import { readCpuTimeMs } from '../../host/process/cpu-time.ts';
import { hasNeighbour } from '../../host/process/neighbour.ts';
import { countAccepted, readListeners } from '../../host/sockets/listeners.ts';
import { createConnections, deleteRedirected } from '../../host/sockets/socket-connections.ts';
import { openServiceManager } from '../../host/systemd/notify.ts';
import { createRollbackTimer } from '../../host/systemd/timer.ts';
import { systemClock } from '../../lib/clock.ts';
import { createRingBuffer, type RingBuffer } from '../../lib/ring-buffer.ts';
import { type Service, serve } from '../../localapi/server.ts';
import { createLog, type Level, type Log, logJson, logText } from '../../log.ts';
import { computeDesired } from '../../reconcile/resolve.ts';
import { type Counters, createCounters } from '../../status/counters.ts';
import { type MetricsInput, metrics } from '../../status/metrics.ts';
import { statusLine } from '../../status/one-line.ts';
import { renderMetrics } from '../../status/prometheus.ts';
import { resolveContext } from '../resolve-context.ts';
import { createEnvoySupervisor, envoySpecOf } from './assemble-envoy.ts';
import { createInspections } from './inspections.ts';
import { runProgram } from './run-program.ts';

const KEPT_LOG_LINES = 2_000;
const KEPT_EVENTS = 500;
const RESOLVE_TIMEOUT_MS = 60_000;

export interface DaemonOptions {
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
export async function runDaemon(options: DaemonOptions, signal: AbortSignal): Promise<void> {
	const loaded = await loadSettings(options.settings);
	const { config } = loaded;
	const kept = { logs: createRingBuffer<string>(KEPT_LOG_LINES), events: createRingBuffer<string>(KEPT_EVENTS) };
	const log = createDaemonLog(options, config.logLevel, kept.events, () => report.changed());
	using report = createSystemdNotifier(openServiceManager(process.env, runLight), () => lineOf(daemon, signal), log);
	tell(loaded, log);
	const counters = createCounters();
	const stateFile = createPersistentState(createStateStore(config.stateDirectory), log);
	const host = await openHost(iptables, signal);
	const context = await surveyOnce(host, loaded, stateFile.read().dialect, log, signal);
	const proxy = await createEnvoySupervisor(context, {
		onOutput: kept.logs.add,
		onChange(history, before) {
			if (history.pull !== before.pull) options.onPull(history.pull);
			daemon.onLife(history, before);
		},
	});
	const daemon: Daemon = createDaemon({
		...{ loaded, context, stateFile, log, counters, proxy },
		...storesOf(config.stateDirectory),
		...settingsOf(options.settings, host),
		...world,
		connections: createConnections(),
		...(await createInspections(host.tools, log)),
	});
	const service: Service = {
		handlers: daemon.handlers,
		kept,
		metrics: async () => renderMetrics(metrics, await seenOf(daemon, counters, signal)),
	};
	const close = await serve(config.socket, service, signal);
	await live(daemon, report, () => options.onReady(config.socket), signal).finally(close);
}

/** The backend is chosen by all rules of the host; what is read later is read through the cache. */
async function surveyOnce(
	host: OpenHost,
	loaded: Loaded,
	remembered: Dialect | undefined,
	log: Log,
	signal: AbortSignal,
): Promise<DaemonContext> {
	const context = await resolveContext(host, loaded, remembered, signal);
	tell(context, log);
	// What this host cannot meet is found out now and not when it is first wanted.
	await computeDesired(context);
	return { ...context, host: host.withRuleCache().using(context.backend.name) };
}

const storesOf = (stateDirectory: string) => ({
	confirmationFile: createConfirmationFile(stateDirectory),
	rollbackTimer: createRollbackTimer(runProgram),
});

/** Settings that are read again, and what follows from them. */
const settingsOf = (
	given: SettingsArguments,
	{ tools }: OpenHost,
): Pick<DaemonDependencies, 'load' | 'recall' | 'resolve' | 'envoySpecOf' | 'raw'> => ({
	load: () => loadSettings(given),
	recall: recallSettings,
	resolve: (of, { host, backend }) => resolveContext(host, of, backend.name, AbortSignal.timeout(RESOLVE_TIMEOUT_MS)),
	envoySpecOf: (of, { passThrough }, image) => envoySpecOf(of, passThrough, image),
	raw: (of) => readRaw(requireDialect(tools, of.backend.name), of.config.routeTable),
});

/** What needs no setting. */
const world = {
	countRedirected: countAccepted,
	dropRedirectedConntrack: deleteRedirected,
	dropStaleConntrack,
	watchChanges: (filter, handlers, signal) => monitor(iptables.ownChains, filter, handlers, signal),
	ruleManagers,
	hasNeighbour,
	cpuTimeMs: readCpuTimeMs,
	clock: systemClock,
	listeners: readListeners,
} as const satisfies Partial<DaemonDependencies>;

const createDaemonLog = (
	{ write, isTerminal }: DaemonOptions,
	level: Level,
	events: RingBuffer<string>,
	onEvent: () => void,
): Log =>
	createLog(level, [
		(event) => write(isTerminal ? logText(event) : logJson(event)),
		(event) => events.add(logJson(event).trimEnd()),
		onEvent,
	]);

async function live(daemon: Daemon, report: SystemdNotifier, onReady: () => void, signal: AbortSignal): Promise<void> {
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

const seenOf = async ({ handlers }: Daemon, counters: Counters, signal: AbortSignal): Promise<MetricsInput> => ({
	status: await handlers.status({}, signal),
	counters: counters.read(),
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
