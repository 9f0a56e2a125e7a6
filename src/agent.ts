import type { Loaded } from './config/read.ts';
import { createKept } from './control/kept.ts';
import { serve } from './control/server.ts';
import { createDaemon, type Daemon } from './daemon/daemon.ts';
import { countAccepted, readListeners } from './host/listeners.ts';
import { openHost } from './host/open.ts';
import { readRaw } from './host/raw.ts';
import { createStateFile } from './host/state.ts';
import { createLog, logJson, logText } from './log.ts';
import { createProxy } from './proxy.ts';
import { loadSettings, type SettingsArguments } from './settings.ts';
import { aimOf, surveyHost } from './survey.ts';

const KEPT_LOG_LINES = 2_000;
const KEPT_EVENTS = 500;

export interface AgentOptions {
	readonly settings: SettingsArguments;
	/** For people rather than for machines. */
	readonly isTerminal: boolean;
	/** Where the log goes. */
	readonly write: (text: string) => void;
	/** Called once what was asked for holds. */
	readonly onReady: (socket: string) => void;
}

/** The daemon: settings, host, socket, Envoy, rules; and all of it back in reverse once the signal says so. */
export async function runAgent(options: AgentOptions, signal: AbortSignal): Promise<void> {
	const loaded = await loadSettings(options.settings);
	const { config } = loaded;
	const output = createKept<string>(KEPT_LOG_LINES);
	const events = createKept<string>(KEPT_EVENTS);
	const log = createLog(config.logLevel, [
		(event) => options.write(options.isTerminal ? logText(event) : logJson(event)),
		(event) => events.add(logJson(event).trimEnd()),
	]);
	tell(loaded, log);
	const stateFile = createStateFile(config.stateDirectory);
	const survey = await surveyHost(await openHost(signal), loaded, stateFile.read().dialect, signal);
	// What this host cannot meet is found out now and not when it is first wanted.
	await aimOf(survey);
	const daemon: Daemon = createDaemon({
		loaded,
		survey,
		stateFile,
		log,
		proxy: createProxy(survey, { onOutput: output.add, onChange: (life) => daemon.onLife(life) }),
		captured: countAccepted,
		listeners: readListeners,
		load: () => loadSettings(options.settings),
		raw: ({ tools }) => readRaw(tools, config.routeTable),
	});
	const close = await serve(config.socket, { handlers: daemon.handlers, kept: { logs: output, events } }, signal);
	try {
		await daemon.start(signal);
		options.onReady(config.socket);
		await aborted(signal);
	} finally {
		await daemon.stop().finally(close);
	}
}

function tell({ notices }: Loaded, log: ReturnType<typeof createLog>): void {
	for (const notice of notices) log('warn', 'setting taken otherwise than written', { notice });
}

/** Once asked to stop, a start that is under way ends too; that is no failure. */
function aborted(signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		if (signal.aborted) resolve();
		else signal.addEventListener('abort', () => resolve(), { once: true });
	});
}
