import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import type { Connections, Listener } from '../connections/connections.ts';
import type { EnvoySpec } from '../envoy/spec.ts';
import type { Supervisor } from '../envoy/supervisor.ts';
import type { Installed } from '../firewall/firewall.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../log.ts';
import type { DesiredRules } from '../reconcile/desired.ts';
import type { Host } from '../reconcile/host.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import type { Fact } from '../status/conditions.ts';
import type { Counters } from '../status/counters.ts';
import type { ChangeHandlers, WatchFilter } from './change-monitor.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { ConfirmationFile, RollbackTimer, StateFile } from './stores.ts';

/** What the composition root hands to the daemon. */
export interface DaemonDependencies {
	readonly loaded: Loaded;
	readonly context: DaemonContext;
	/** Undefined where somebody else runs Envoy. */
	readonly proxy: Supervisor | undefined;
	/** What our Envoy is to be as the settings are; `image`: another one than they say. */
	readonly envoySpecOf: (context: DaemonContext, loaded: Loaded, image: string | undefined) => EnvoySpec;
	/** How many connections that were captured for these ports are open. */
	readonly countRedirected: (ports: readonly number[]) => Promise<number>;
	/**
	 * Tells of changes of these chains and of this route table, until the signal is aborted; and, each time that it is
	 * asked, whether it can at the moment.
	 */
	readonly watchChanges: (interest: WatchFilter, ear: ChangeHandlers, signal: AbortSignal) => () => boolean;
	/** Processor time that we have used so far. */
	readonly cpuTimeMs: () => number;
	/** Programs running here that are known to rewrite the rules of a host. */
	readonly ruleManagers: () => readonly string[];
	/** Another turnout runs in the same network: what bears our names may be its. */
	readonly hasNeighbour: () => boolean;
	readonly listeners: () => Promise<readonly Listener[]>;
	readonly connections: Connections;
	/** Makes the kernel forget connections of this host that went past us and have ended. */
	readonly dropStaleConntrack: () => Promise<void>;
	/** Forgets what is known of connections that were captured for these ports, all of which have ended. */
	readonly dropRedirectedConntrack: (ports: ReadonlySet<number>) => Promise<void>;
	readonly stateFile: StateFile;
	readonly confirmationFile: ConfirmationFile;
	readonly rollbackTimer: RollbackTimer;
	readonly clock: Clock;
	readonly log: Log;
	/** Whoever changes rules or pulls counts it here. */
	readonly counters: Counters;
	readonly load: () => Promise<Loaded>;
	/** Settings held against the host that `before` was made for. */
	readonly resolve: (loaded: Loaded, before: DaemonContext) => Promise<DaemonContext>;
	/** Settings as they were once, whatever file and environment say now. */
	readonly recall: (written: Written) => Loaded;
	/** The five sections of the 2019 script's status. */
	readonly raw: (context: DaemonContext) => Promise<string>;
	/** Whether ours come first. */
	readonly order: RulePrecedence;
	/** Looks at more of the host than rules, routes and Envoy; each finds facts for status. */
	readonly inspections: readonly Inspect[];
}

/** Whether ours are the first rules that a captured connection meets. */
export interface RulePrecedence {
	readonly inspect: Inspect;
	/** Begins to read others' rules while a change is under way: the status that follows it need not wait for them. */
	readonly prefetch: () => void;
	/** Makes our chains anew behind which somebody else's have come; resolves to whom they stand before again. */
	readonly claim: (
		host: Host,
		target: DesiredRules,
		held: Installed,
		signal: AbortSignal,
	) => Promise<readonly string[]>;
}

/** Each time that status is asked. What it cannot find out is no fact. */
export type Inspect = (of: Inspected) => Promise<readonly Fact[]>;
export interface Inspected {
	readonly context: DaemonContext;
	readonly desired: DesiredState;
	/** Rules are to be on now. */
	readonly isOn: boolean;
}
