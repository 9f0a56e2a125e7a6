import type { Listener } from '../connections/connections.ts';
import { type EnvoyEvent, reduce, type SupervisionHistory } from './lifecycle.ts';
import type {
	ListenerHandover,
	OnOutput,
	ProxyAdmin,
	ProxyFiles,
	ProxyIdentity,
	ProxyRuntime,
	RunningProxy,
} from './runtime.ts';
import { type EnvoySpec, listenerPorts } from './spec.ts';

/** What supervision is handed: the world, and whom to tell. */
export interface SupervisorDependencies {
	readonly runtime: ProxyRuntime;
	readonly admin: (plan: EnvoySpec, of: ProxyIdentity) => ProxyAdmin;
	/** Where the admin interface of one that is about to be started is to be. */
	readonly adminSocket: (instance: string) => string;
	readonly listeners: () => Promise<readonly Listener[]>;
	/** How many connections that were accepted on these ports are open. */
	readonly countRedirected: (ports: readonly number[]) => Promise<number>;
	readonly handOver: (ports: readonly number[]) => Promise<ListenerHandover>;
	readonly bootstraps: ProxyFiles;
	readonly onOutput: OnOutput;
	readonly onChange: (history: SupervisionHistory, before: SupervisionHistory) => void;
}

/** Everything that supervision holds. One Envoy is ours; those that it took over from end by themselves. */
export interface SupervisorState {
	readonly supervision: SupervisorDependencies;
	history: SupervisionHistory;
	plan: EnvoySpec | undefined;
	proxy: RunningProxy | undefined;
	/** Those that a former daemon left running. */
	found: readonly RunningProxy[];
	/** The listeners of every Envoy that was ours: a reload moves them, and what they had accepted goes on. */
	readonly ports: Set<number>;
	/** When it became LIVE, as performance.now() has it. */
	liveSinceMs: number;
	lastLine: string;
	/** Instances that let their connections end; they answer on their admin port until then. */
	readonly retiring: Set<string>;
	/** Ended by ourselves, for this reason. */
	killReason: string;
	isReplacing: boolean;
	/** A former gives way to what replaces it: until that is over nobody else is started. It never rejects. */
	exchanging: Promise<unknown> | undefined;
	isReviving: boolean;
	/** A start by ourselves that is under way, pause included, if any; it never rejects. `cancel` ends it. */
	attempt: Promise<unknown>;
	cancel: AbortController;
	/** No more starts: the daemon is about to end. */
	readonly ending: AbortController;
	/** What is under way and must have ended before we do. */
	readonly underway: Set<Promise<unknown>>;
}

export function dispatch(charge: SupervisorState, event: EnvoyEvent): void {
	const before = charge.history;
	charge.history = reduce(before, event);
	if (charge.history !== before) charge.supervision.onChange(charge.history, before);
}

/** What traffic is led to from now on. */
export function lead(charge: SupervisorState, plan: EnvoySpec): void {
	charge.plan = plan;
	for (const port of listenerPorts(plan)) charge.ports.add(port);
}

export function trackTask(charge: SupervisorState, work: Promise<unknown>): void {
	const settled = work.catch(() => undefined).finally(() => charge.underway.delete(settled));
	charge.underway.add(settled);
}

/** Envoy's output goes on to whoever reads it; of its words the most telling are kept for the case that it ends. */
export const outputRecorder =
	(charge: SupervisorState): OnOutput =>
	(line) => {
		charge.lastLine = mostTellingLine(charge.lastLine, line);
		charge.supervision.onOutput(line);
	};

/** What Envoy calls an error is worth more than what it says afterwards, and anything more than an empty line. */
function mostTellingLine(former: string, line: string): string {
	const isError = (text: string) => /\[(critical|error)\]/.test(text);
	if (line.trim() === '') return former;
	return isError(former) && !isError(line) ? former : line;
}
