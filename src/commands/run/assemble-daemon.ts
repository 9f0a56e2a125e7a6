import { loadSettings, recallSettings, type SettingsArguments } from '../../config/load.ts';
import type { Loaded } from '../../config/merge-sources.ts';
import { createDaemon, type Daemon } from '../../daemon/daemon.ts';
import type { DaemonContext } from '../../daemon/daemon-context.ts';
import type { DaemonDependencies } from '../../daemon/dependencies.ts';
import { createPersistentState } from '../../daemon/persisted-state.ts';
import { createSystemdNotifier, type SystemdNotifier } from '../../daemon/systemd-notifier.ts';
import type { PullProgress } from '../../envoy/runtime.ts';
import type { Supervisor } from '../../envoy/supervisor.ts';
import { backends } from '../../firewall/backends.ts';
import type { Dialect } from '../../firewall/firewall.ts';
import { ruleWriters } from '../../firewall/foreign/known-programs.ts';
import { watchCgroups } from '../../host/cgroups/watch-cgroups.ts';
import { dropStaleConntrack } from '../../host/conntrack/stale.ts';
import { readConntrackUsage } from '../../host/conntrack/usage.ts';
import { createConfirmationFile } from '../../host/files/confirmation-file.ts';
import { createStateStore } from '../../host/files/state-file.ts';
import { ruleManagers } from '../../host/iptables/other-managers.ts';
import { monitor } from '../../host/monitor/monitor.ts';
import { type OpenHost, openHost } from '../../host/open-host.ts';
import { runLight } from '../../host/process/command.ts';
import { readCpuTimeMs } from '../../host/process/cpu-time.ts';
import { hasNeighbour } from '../../host/process/neighbour.ts';
import { countAccepted, readListeners } from '../../host/sockets/listeners.ts';
import { createConnections, deleteRedirected } from '../../host/sockets/socket-connections.ts';
import { openServiceManager } from '../../host/systemd/notify.ts';
import { createRollbackTimer } from '../../host/systemd/timer.ts';
import { systemClock } from '../../lib/clock.ts';
import { type Level, logJson, logText } from '../../lib/log-event.ts';
import { createRingBuffer, type RingBuffer } from '../../lib/ring-buffer.ts';
import { type Service, serve } from '../../localapi/server.ts';
import { createLog, type Log } from '../../log.ts';
import type { BackendChoice } from '../../reconcile/host.ts';
import { computeDesired } from '../../reconcile/resolve.ts';
import { type Counters, createCounters } from '../../status/counters.ts';
import { type MetricsInput, metrics } from '../../status/metrics.ts';
import { statusLine } from '../../status/one-line.ts';
import { renderMetrics } from '../../status/prometheus.ts';
import { TARGET_COUNTERS, targetCounts } from '../../status/target-counts.ts';
import type { MeshPorts } from '../mesh-ports.ts';
import { resolveContext } from '../resolve-context.ts';
import { createEnvoySpecs, createEnvoySupervisor, type EnvoySpecOf, type ProxyListeners } from './assemble-envoy.ts';
import { assembleMesh } from './assemble-mesh.ts';
import { createInspections } from './inspections.ts';
import { runProgram } from './run-program.ts';

const KEPT_LOG_LINES = 2_000;
const KEPT_EVENTS = 500;
const RESOLVE_TIMEOUT_MS = 60_000;

export interface DaemonOptions {
	readonly settings: SettingsArguments;
	/** Log text for people instead of JSON. */
	readonly isTerminal: boolean;
	/** Writes log lines. */
	readonly write: (text: string) => void;
	/** Called on each progress of a pull, and with undefined at its end. */
	readonly onPull: (pull: PullProgress | undefined) => void;
	/** Called once the desired state is reached. */
	readonly onReady: (socket: string) => void;
}

/** Composes and runs the daemon: settings, host, socket, Envoy, rules; stops in reverse order on the signal. */
export async function runDaemon(options: DaemonOptions, signal: AbortSignal): Promise<void> {
	const loaded = await loadSettings(options.settings);
	const { config } = loaded;
	const kept = { logs: createRingBuffer<string>(KEPT_LOG_LINES), events: createRingBuffer<string>(KEPT_EVENTS) };
	const log = createDaemonLog(options, config.logLevel, kept.events, () => report.changed());
	using report = createSystemdNotifier(
		openServiceManager(process.env, runLight),
		() => statusLineOf(daemon, signal),
		log,
	);
	logNotices(loaded, log);
	const counters = createCounters();
	const stateFile = createPersistentState(createStateStore(config.stateDirectory), log);
	const host = await openHost(backends, signal, { isDaemon: true });
	using mesh = await assembleMesh(loaded, { log, counters });
	const ports = mesh?.delivery.ports;
	const context = await resolveOnce(host, { loaded, ports }, formerChoice(stateFile.read().dialect), log, signal);
	using served = await mesh?.serve(context);
	const listeners = listenersOf(options, kept.logs, (...of) => daemon.onLife(...of));
	const proxy = await createEnvoySupervisor(context, listeners, mesh?.delivery);
	const daemon: Daemon = createDaemon({
		...{ loaded, context, stateFile, log, counters, proxy, mesh: mesh?.delivery },
		...storesOf(config.stateDirectory),
		...settingsOf(options.settings, host, { ports, envoySpecOf: await createEnvoySpecs(mesh !== undefined) }),
		...world,
		connections: createConnections(),
		...(await createInspections(host, log, mesh !== undefined)),
	});
	const service: Service = {
		handlers: daemon.handlers,
		kept,
		metrics: async () =>
			renderMetrics(metrics, {
				...(await metricsInput(daemon, counters, signal)),
				targets: mesh === undefined ? [] : await targetsOf(proxy),
			}),
	};
	const close = await serve(config.socket, service, signal);
	await live(daemon, report, () => options.onReady(config.socket), signal)
		.finally(close)
		.finally(() => served?.close(config.onStop === 'keep'));
}

const listenersOf = (
	{ onPull }: DaemonOptions,
	logs: RingBuffer<string>,
	onLife: Daemon['onLife'],
): ProxyListeners => ({
	onOutput: logs.add,
	onChange(history, before) {
		if (history.pull !== before.pull) onPull(history.pull);
		onLife(history, before);
	},
});

/** Reads all rules once to choose the backend; later reads go through the rule cache. */
async function resolveOnce(
	host: OpenHost,
	{ loaded, ports }: { readonly loaded: Loaded; readonly ports: MeshPorts | undefined },
	former: BackendChoice | undefined,
	log: Log,
	signal: AbortSignal,
): Promise<DaemonContext> {
	const context = await resolveContext(host, loaded, former, signal, ports);
	logNotices(context, log);
	// Fails now, not at the first `enable`, if the host cannot do what the settings ask for.
	await computeDesired(context);
	return { ...context, host: host.withRuleCache().using(context.backend.name) };
}

const formerChoice = (name: Dialect | undefined): BackendChoice | undefined =>
	name === undefined ? undefined : { name, why: 'a former start chose it' };

const storesOf = (stateDirectory: string) => ({
	confirmationFile: createConfirmationFile(stateDirectory),
	rollbackTimer: createRollbackTimer(runProgram),
});

/** Dependencies that are evaluated again with each reload. */
const settingsOf = (
	given: SettingsArguments,
	host: OpenHost,
	{ ports, envoySpecOf }: { readonly ports: MeshPorts | undefined; readonly envoySpecOf: EnvoySpecOf },
): Pick<DaemonDependencies, 'load' | 'recall' | 'resolve' | 'envoySpecOf' | 'raw'> => ({
	load: () => loadSettings(given),
	recall: recallSettings,
	resolve: (of, { host, backend }) => resolveContext(host, of, backend, AbortSignal.timeout(RESOLVE_TIMEOUT_MS), ports),
	envoySpecOf: (of, { passThrough }, image) => envoySpecOf(of, passThrough, image),
	raw: (of) => host.raw(of.backend.name, of.config.routeTable),
});

/** Effects that depend on no setting. */
const world = {
	countRedirected: countAccepted,
	dropRedirectedConntrack: deleteRedirected,
	dropStaleConntrack,
	watchChanges: (filter, handlers, signal) => monitor(backends, filter, handlers, signal),
	watchUnits: watchCgroups,
	ruleManagers: () => ruleManagers(ruleWriters),
	hasNeighbour,
	cpuTimeMs: readCpuTimeMs,
	clock: systemClock,
	listeners: readListeners,
	explain: async (...of) => (await import('../explain/explain-on-host.ts')).explainOnHost(...of),
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

function logNotices({ notices }: Pick<Loaded, 'notices'>, log: Log): void {
	for (const notice of notices) log('warn', 'setting normalized', { notice });
}

const statusLineOf = async ({ handlers }: Daemon, signal: AbortSignal): Promise<string> =>
	statusLine(await handlers.status({}, signal));

/** Whoever collects metrics waits no longer for an Envoy that hangs. */
const COUNTERS_MS = 1_000;

async function targetsOf(proxy: Supervisor | undefined): Promise<MetricsInput['targets']> {
	return targetCounts((await proxy?.counters(TARGET_COUNTERS, AbortSignal.timeout(COUNTERS_MS))) ?? new Map());
}

const metricsInput = async (
	{ handlers }: Daemon,
	counters: Counters,
	signal: AbortSignal,
): Promise<Omit<MetricsInput, 'targets'>> => ({
	status: await handlers.status({}, signal),
	counters: counters.read(),
	process: { startedMs: performance.timeOrigin, residentBytes: process.memoryUsage.rss() },
	conntrack: readConntrackUsage(),
});

/** Resolves when the signal is aborted. */
function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		else signal.addEventListener('abort', () => resolve(), { once: true });
	});
}
