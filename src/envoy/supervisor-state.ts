import type { Listener } from '../connections/connections.ts';
import { createMutex, type Mutex } from '../lib/mutex.ts';
import { type EnvoyEvent, initialHistory, reduce, type SupervisionHistory } from './lifecycle.ts';
import type { OutputRecorder } from './output-recorder.ts';
import type {
	Configuration,
	ListenerHandover,
	OnOutput,
	ProxyAdmin,
	ProxyFiles,
	ProxyIdentity,
	ProxyRuntime,
	RunningProxy,
} from './runtime.ts';
import { type EnvoySpec, listenerPorts } from './spec.ts';

export interface SupervisorDependencies {
	readonly runtime: ProxyRuntime;
	readonly admin: (plan: EnvoySpec, of: ProxyIdentity) => ProxyAdmin;
	/** The path of the admin socket for an instance that is about to be started. */
	readonly adminSocket: (instance: string) => string;
	readonly listeners: () => Promise<readonly Listener[]>;
	/** Open connections that were accepted on these ports, and those of transparent sockets where they are asked for. */
	readonly countRedirected: (ports: readonly number[], withTransparent: boolean) => Promise<number>;
	readonly handOver: (ports: readonly number[]) => Promise<ListenerHandover>;
	readonly bootstraps: ProxyFiles;
	/** Undefined where the bootstrap has all of it. */
	readonly configuration?: Configuration | undefined;
	readonly onOutput: OnOutput;
	readonly onChange: (history: SupervisionHistory, before: SupervisionHistory) => void;
}

/** The Envoy that traffic is led to. One that it took over from drains and is not in the state any more. */
export interface RunningInstance {
	readonly proxy: RunningProxy;
	readonly output: OutputRecorder;
	/** When it became LIVE, by performance.now(). */
	readonly liveSinceMs: number;
	/** Why we killed it; '' where we did not. */
	killReason: string;
}

/** `instance` is undefined while no Envoy of ours is LIVE. */
export type State =
	/** No start was asked for yet, or the first one was given up. */
	| { readonly kind: 'idle'; readonly instance: undefined }
	/**
	 * Attempts follow one another until Envoy is LIVE; `attempt` cancels the current one. An instance is one that was
	 * adopted and is not yet known to be as wanted.
	 */
	| { readonly kind: 'starting'; readonly attempt: AbortController; readonly instance: RunningInstance | undefined }
	| { readonly kind: 'running'; readonly instance: RunningInstance }
	/** `isStartWaiting`: a start was preempted, and continues if the replacement fails. */
	| { readonly kind: 'replacing'; readonly isStartWaiting: boolean; readonly instance: RunningInstance | undefined }
	/** The daemon is about to end: nothing is started any more. */
	| { readonly kind: 'stopping'; readonly instance: RunningInstance | undefined };

export interface SupervisorState {
	readonly deps: SupervisorDependencies;
	/** Held by each attempt to start and by each exchange of instances. */
	readonly lock: Mutex;
	state: State;
	history: SupervisionHistory;
	/** What is to run; undefined before the first start. */
	plan: EnvoySpec | undefined;
	/** An update is under way, its pull included; the state is `replacing` only while instances are exchanged. */
	isUpdating: boolean;
	/** Those that a former daemon left running. */
	adopted: readonly RunningProxy[];
	/** The listener ports of every instance so far: connections accepted before a reload stay on the old ports. */
	readonly ports: Set<number>;
	/** Instances that drain, each until its end; they answer on the admin port until then. */
	readonly draining: Map<string, Promise<unknown>>;
	/** Aborted when the state becomes `stopping`. */
	readonly ending: AbortController;
	/** Work in the background that must have settled before the daemon ends. */
	readonly tasks: Set<Promise<unknown>>;
	/** Begins a start in the background. */
	readonly restart: () => void;
}

export function createState(deps: SupervisorDependencies, restart: (self: SupervisorState) => void): SupervisorState {
	const self: SupervisorState = {
		...{ deps, lock: createMutex(), state: { kind: 'idle', instance: undefined }, history: initialHistory },
		...{
			plan: undefined,
			isUpdating: false,
			adopted: [],
			ports: new Set<number>(),
			draining: new Map<string, Promise<unknown>>(),
		},
		...{ ending: new AbortController(), tasks: new Set<Promise<unknown>>(), restart: () => restart(self) },
	};
	return self;
}

export function dispatch(self: SupervisorState, event: EnvoyEvent): void {
	const before = self.history;
	self.history = reduce(before, event);
	if (self.history !== before) self.deps.onChange(self.history, before);
}

/** Traffic is led to the ports of this plan from now on. */
export function lead(self: SupervisorState, plan: EnvoySpec): void {
	self.plan = plan;
	for (const port of listenerPorts(plan)) self.ports.add(port);
}

export function trackTask(self: SupervisorState, work: Promise<unknown>): void {
	const settled = work.catch(() => undefined).finally(() => self.tasks.delete(settled));
	self.tasks.add(settled);
}
