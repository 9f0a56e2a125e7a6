import type { Loaded } from '../config/merge-sources.ts';
import type { Written } from '../config/written.ts';
import type { Connections, Listener } from '../connections/connections.ts';
import type { EnvoySpec } from '../envoy/spec.ts';
import type { Supervisor } from '../envoy/supervisor.ts';
import type { Installed } from '../firewall/firewall.ts';
import type { Recognised } from '../firewall/foreign/recognise.ts';
import type { Clock } from '../lib/clock.ts';
import type { ExplainReply, ExplainRequest } from '../localapi/explained.ts';
import type { Log } from '../log.ts';
import type { DesiredRules } from '../reconcile/desired.ts';
import type { FormerChoice, Host } from '../reconcile/host.ts';
import type { DesiredState } from '../reconcile/resolve.ts';
import type { Fact } from '../status/conditions.ts';
import type { Counters } from '../status/counters.ts';
import type { Unit } from '../values/unit-name.ts';
import type { ChangeHandlers, WatchFilter } from './change-monitor.ts';
import type { DaemonContext } from './daemon-context.ts';
import type { MeshDelivery } from './mesh-delivery.ts';
import type { ConfirmationFile, RollbackTimer, StateFile } from './stores.ts';

/** The host as it was opened, and the backend that holds where the settings leave it open. */
export interface Before extends Pick<DaemonContext, 'host'> {
	readonly backend: FormerChoice;
}

export interface UnitHandlers {
	readonly onChange: () => void;
	/** Why not all changes are noticed at once; told once. */
	readonly onBlind: (why: string) => void;
}

/** What the composition root hands to the daemon. */
export interface DaemonDependencies {
	readonly loaded: Loaded;
	readonly context: DaemonContext;
	/** Undefined where somebody else runs Envoy. */
	readonly proxy: Supervisor | undefined;
	/** The Envoy that the settings ask for; `image`: instead of theirs. */
	readonly envoySpecOf: (context: DaemonContext, loaded: Loaded, image: string | undefined) => EnvoySpec;
	/** Undefined where Envoy is not configured from a mesh. */
	readonly mesh: MeshDelivery | undefined;
	/** Open connections that were accepted on these ports, and those of transparent sockets where they are asked for. */
	readonly countRedirected: (ports: readonly number[], withTransparent: boolean) => Promise<number>;
	/** Reports changes until the signal is aborted. Returns whether it can, each time that it is asked. */
	readonly watchChanges: (filter: WatchFilter, handlers: ChangeHandlers, signal: AbortSignal) => () => boolean;
	/** Calls back when a cgroup of one of these units may have come or gone, until the signal is aborted. */
	readonly watchUnits: (units: readonly Unit[], handlers: UnitHandlers, signal: AbortSignal) => void;
	/** Processor time that this process has used so far. */
	readonly cpuTimeMs: () => number;
	/** Running programs that are known to rewrite a host's rules. */
	readonly ruleManagers: () => readonly string[];
	/** Another turnout runs in this network namespace: what bears our names may belong to it. */
	readonly hasNeighbour: () => boolean;
	readonly listeners: () => Promise<readonly Listener[]>;
	readonly connections: Connections;
	/** Deletes conntrack entries of ended connections that bypassed Envoy. */
	readonly dropStaleConntrack: () => Promise<void>;
	/** Deletes conntrack entries of connections that were redirected to these ports, all of which have ended. */
	readonly dropRedirectedConntrack: (ports: ReadonlySet<number>) => Promise<void>;
	readonly stateFile: StateFile;
	readonly confirmationFile: ConfirmationFile;
	readonly rollbackTimer: RollbackTimer;
	readonly clock: Clock;
	readonly log: Log;
	readonly counters: Counters;
	readonly load: () => Promise<Loaded>;
	/** Checks settings against the host that `before` was made for. */
	readonly resolve: (loaded: Loaded, before: Before) => Promise<DaemonContext>;
	/** Settings as they were written once, whatever file and environment say now. */
	readonly recall: (written: Written) => Loaded;
	/** What becomes of a connection, and why. */
	readonly explain: (of: ToExplain, request: ExplainRequest, signal: AbortSignal) => Promise<ExplainReply>;
	/** The five sections of the 2019 script's status. */
	readonly raw: (context: DaemonContext) => Promise<string>;
	readonly order: RulePrecedence;
	/** Checks for status of what is neither rules, routes nor Envoy. */
	readonly inspections: readonly Inspect[];
}

/** What an answer depends on, beside what is installed. */
export interface ToExplain {
	readonly loaded: Loaded;
	readonly context: DaemonContext;
	readonly desired: DesiredState;
	/** Undefined: as the installed rules say. */
	readonly interception: ExplainReply['interception'] | undefined;
}

/** Whether our rules are the first that a captured connection meets. */
export interface RulePrecedence {
	readonly inspect: Inspect;
	/** Other programs, known by name, that have rules here. */
	readonly programs: () => Promise<readonly Recognised[]>;
	/** It may have changed although nobody has committed to nftables since: iptables-legacy tells nobody. */
	readonly mayChangeUnseen: () => boolean;
	/** Starts reading others' rules during a change, so that the status after it need not wait for them. */
	readonly prefetch: () => void;
	/** Recreates our chains that others have come before; resolves to a line for each, naming those others. */
	readonly claim: (
		host: Host,
		target: DesiredRules,
		held: Installed,
		signal: AbortSignal,
	) => Promise<readonly string[]>;
}

/** Runs for each status. What it cannot find out gives no fact. */
export type Inspect = (of: Inspected) => Promise<readonly Fact[]>;
export interface Inspected {
	readonly context: DaemonContext;
	readonly desired: DesiredState;
	/** Rules should be on now. */
	readonly isOn: boolean;
}
