import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import type { Connections, Listener } from '../connections/connections.ts';
import type { Plan } from '../envoy/spec.ts';
import type { Supervisor } from '../envoy/supervisor.ts';
import type { ByFamily } from '../firewall/iptables/apply-rules.ts';
import type { Held } from '../firewall/iptables/installed.ts';
import type { Log } from '../log.ts';
import type { Target } from '../reconcile/apply.ts';
import type { Host } from '../reconcile/host.ts';
import type { Aim } from '../reconcile/resolve.ts';
import type { Fact } from '../status/conditions.ts';
import type { Tallies } from '../status/counters.ts';
import type { Ear, Interest } from './change-monitor.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { Alarm, PendingFile, StateFile } from './stores.ts';

/** What the composition root hands to the daemon. */
export interface DaemonParts {
	readonly loaded: Loaded;
	readonly survey: DaemonContext;
	/** Undefined where somebody else runs Envoy. */
	readonly proxy: Supervisor | undefined;
	/** What our Envoy is to be as the settings are; `image`: another one than they say. */
	readonly planOf: (survey: DaemonContext, loaded: Loaded, image: string | undefined) => Plan;
	/** How many connections that were captured for these ports are open. */
	readonly captured: (ports: readonly number[]) => Promise<number>;
	/**
	 * Tells of changes of these chains and of this route table, until the signal is aborted; and, each time that it is
	 * asked, whether it can at the moment.
	 */
	readonly hear: (interest: Interest, ear: Ear, signal: AbortSignal) => () => boolean;
	/** Processor time that we have used so far. */
	readonly effortMs: () => number;
	/** Programs running here that are known to rewrite the rules of a host. */
	readonly rivals: () => readonly string[];
	/** Another turnout runs in the same network: what bears our names may be its. */
	readonly hasNeighbour: () => boolean;
	readonly listeners: () => Promise<readonly Listener[]>;
	readonly connections: Connections;
	/** Makes the kernel forget connections of this host that went past us and have ended. */
	readonly forgetDead: () => Promise<void>;
	/** Forgets what is known of connections that were captured for these ports, all of which have ended. */
	readonly forget: (ports: ReadonlySet<number>) => Promise<void>;
	readonly stateFile: StateFile;
	readonly pendingFile: PendingFile;
	readonly alarm: Alarm;
	readonly log: Log;
	/** Whoever changes rules or pulls counts it here. */
	readonly tallies: Tallies;
	readonly load: () => Promise<Loaded>;
	/** Settings held against the host that `before` was made for. */
	readonly resolve: (loaded: Loaded, before: DaemonContext) => Promise<DaemonContext>;
	/** Settings as they were once, whatever file and environment say now. */
	readonly recall: (written: Written) => Loaded;
	/** The five sections of the 2019 script's status. */
	readonly raw: (survey: DaemonContext) => Promise<string>;
	/** Whether ours come first. */
	readonly order: Order;
	/** Looks at more of the host than rules, routes and Envoy; each finds facts for status. */
	readonly inspections: readonly Inspect[];
}

/** Whether ours are the first rules that a captured connection meets. */
export interface Order {
	readonly inspect: Inspect;
	/** Begins to read others' rules while a change is under way: the status that follows it need not wait for them. */
	readonly prefetch: () => void;
	/** Makes our chains anew behind which somebody else's have come; resolves to whom they stand before again. */
	readonly claim: (host: Host, target: Target, held: ByFamily<Held>, signal: AbortSignal) => Promise<readonly string[]>;
}

/** Each time that status is asked. What it cannot find out is no fact. */
export type Inspect = (of: Inspected) => Promise<readonly Fact[]>;
export interface Inspected {
	readonly survey: DaemonContext;
	readonly aim: Aim;
	/** Rules are to be on now. */
	readonly isOn: boolean;
}
