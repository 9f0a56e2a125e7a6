import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Launch, Listener, ProxyAdmin, ProxyRuntime, RunningProxy } from '../ports.ts';
import { type Life, type LifeEvent, next } from './life.ts';

const POLL_MS = 50;
/** Envoy writes its statistics out and ends well within this after SIGTERM. */
const STOP_GRACE_MS = 5_000;

export interface Supervision {
	readonly runtime: ProxyRuntime;
	readonly admin: ProxyAdmin;
	/** Called at the start; may write files that Envoy reads. */
	readonly launch: () => Omit<Launch, 'onOutput'>;
	readonly onOutput: (line: string) => void;
	/** Ports that must be free before, and listened on after the start, each with its setting. */
	readonly ports: Readonly<Record<string, number>>;
	readonly listeners: () => Promise<readonly Listener[]>;
	/** How many captured connections are open. */
	readonly captured: () => number;
	readonly startSeconds: number;
	readonly drainSeconds: number;
	readonly onChange: (life: Life) => void;
}

export interface Supervisor {
	readonly life: () => Life;
	/** Resolves when Envoy is LIVE and listens on every port; otherwise it is stopped and the Failure says why. */
	start(signal: AbortSignal): Promise<void>;
	/** Lets connections end, then Envoy. */
	stop(): Promise<void>;
}

export function createSupervisor(supervision: Supervision): Supervisor {
	let life: Life = { kind: 'absent' };
	let proxy: RunningProxy | undefined;
	let lastLine = '';
	const on = (event: LifeEvent): void => {
		const before = life.kind;
		life = next(life, event);
		if (life.kind !== before) supervision.onChange(life);
	};
	const onOutput = (line: string): void => {
		lastLine = tellingLine(lastLine, line);
		supervision.onOutput(line);
	};
	const failed = () => (life.kind === 'failed' ? life.why : undefined);
	return {
		life: () => life,
		async start(signal) {
			await refuseTakenPorts(supervision);
			const running = await supervision.runtime.start({ ...supervision.launch(), onOutput }, signal);
			proxy = running;
			on({ kind: 'started', id: running.id });
			void running.exited.then((exit) => on({ kind: 'exited', exit, lastLine }));
			try {
				const version = await untilReady(supervision, failed, signal);
				on({ kind: 'ready', version, at: new Date().toISOString() });
			} catch (error) {
				// Its end is our doing from here on, unless it has ended by itself.
				if (failed() === undefined) on({ kind: 'drain' });
				await running.stop(STOP_GRACE_MS);
				throw error;
			}
		},
		async stop() {
			if (proxy === undefined || life.kind === 'failed' || life.kind === 'absent') return;
			on({ kind: 'drain' });
			await drained(supervision);
			await proxy.stop(STOP_GRACE_MS);
		},
	};
}

/** What Envoy calls an error is worth more than what it says afterwards, and anything more than an empty line. */
function tellingLine(former: string, line: string): string {
	const isError = (text: string) => /\[(critical|error)\]/.test(text);
	if (line.trim() === '') return former;
	return isError(former) && !isError(line) ? former : line;
}

async function refuseTakenPorts({ ports, listeners }: Supervision): Promise<void> {
	const taken = (await listeners()).find(({ port }) => Object.values(ports).includes(port));
	if (taken === undefined) return;
	const key = Object.keys(ports).find((name) => ports[name] === taken.port);
	throw new Failure(
		'envoy',
		`Cannot start Envoy: port ${taken.port} (${key}) is taken by ${taken.owner()}`,
		`Stop that program, or set ${key} to another port`,
	);
}

async function untilReady(supervision: Supervision, failed: () => string | undefined, signal: AbortSignal) {
	const { admin, startSeconds } = supervision;
	const deadline = AbortSignal.timeout(startSeconds * 1_000);
	let missing = 'no answer on its admin port';
	while (!deadline.aborted) {
		const why = failed();
		if (why !== undefined) throw ended(why);
		const info = await admin.info(signal);
		missing = whatIsMissing(info?.state, await silentPorts(supervision)) ?? missing;
		if (info !== undefined && missing === '') return info.version;
		await sleep(POLL_MS, undefined, { signal });
	}
	// A busy machine may have told us of its end only now.
	const why = failed();
	throw why === undefined ? neverLive(startSeconds, missing) : ended(why);
}

/** Nothing new to say while nobody answers; '' once all is there. */
function whatIsMissing(state: string | undefined, silent: readonly string[]): string | undefined {
	if (state !== 'LIVE') return state;
	return silent.length === 0 ? '' : `LIVE, but nothing listens on ${silent.join(' and ')}`;
}

/** Rules wait for more than LIVE: a bootstrap of the user's own may listen elsewhere, and traffic would go nowhere. */
async function silentPorts({ ports, listeners }: Supervision): Promise<string[]> {
	const open = new Set((await listeners()).map(({ port }) => port));
	return Object.entries(ports)
		.filter(([, port]) => !open.has(port))
		.map(([key, port]) => `${port} (${key})`);
}

/** No longer than it takes: a host without connections waits for none. */
async function drained({ admin, captured, drainSeconds }: Supervision): Promise<void> {
	if (captured() === 0) return;
	const deadline = AbortSignal.timeout(drainSeconds * 1_000);
	await admin.drain(deadline);
	while (!deadline.aborted && captured() > 0) await sleep(POLL_MS);
}

const ended = (why: string): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: ${why}`,
		'See envoy.command (TURNOUT_ENVOY_COMMAND) and envoy.config (TURNOUT_ENVOY_CONFIG)',
	);

const neverLive = (seconds: number, state: string): Failure =>
	new Failure(
		'envoy',
		`Cannot start Envoy: it was not LIVE within ${seconds} s (${state})`,
		'See its bootstrap (envoy.config), or give it more time with envoy.startSeconds (TURNOUT_ENVOY_START_SECONDS)',
	);
