import type { Family } from './units.ts';

/** Everything the core asks of the world. `host/` implements it; the core and the tests are written against it. */

export type Dialect = 'iptables-nft' | 'iptables-legacy';

/** One dialect's firewall of this network namespace, both families. */
export interface Firewall {
	readonly dialect: Dialect;
	/** All tables with their counters, as `iptables-save -c` prints them; '' where the kernel has none yet. */
	read(family: Family, signal: AbortSignal): Promise<string>;
	/** Whether mangle has its built-in PREROUTING already; nft-backed iptables makes it when it is first needed. */
	hasManglePrerouting(family: Family): Promise<boolean>;
	/** Rejects with iptables' own message if the document cannot be committed; changes nothing. */
	check(family: Family, document: string, signal: AbortSignal): Promise<void>;
	/** Commits a document for `iptables-restore --noflush`, waiting for the xtables lock. */
	commit(family: Family, document: string, signal: AbortSignal): Promise<void>;
}

export interface PolicyRule {
	readonly family: Family;
	readonly priority: number;
	readonly table: number;
	readonly mark: number | undefined;
	readonly mask: number | undefined;
	/** Matches by something else too: an address, an interface, a port; or by the opposite. */
	readonly narrowed: boolean;
	/** Who put it there (linux/rtnetlink.h, RTPROT_*); 0 where the kernel does not say. */
	readonly protocol: number;
}

export interface TableRoute {
	readonly family: Family;
	readonly table: number;
	/** `local default dev lo`: every destination is this host. */
	readonly isLocalDefault: boolean;
	readonly protocol: number;
	/** As a person would want to see it. */
	readonly text: string;
}

/** The kernel's policy rules and routes, over rtnetlink. */
export interface Routing {
	rules(family: Family): Promise<readonly PolicyRule[]>;
	routes(family: Family): Promise<readonly TableRoute[]>;
	change(step: RoutingStep): Promise<void>;
}

export type RoutingStep =
	| { readonly kind: 'add-rule' | 'remove-rule'; readonly rule: PolicyRule }
	| { readonly kind: 'add-route' | 'remove-route'; readonly route: TableRoute };

/** Envoy as turnout runs it: one process or container at a time. */
export interface ProxyRuntime {
	/** Resolves once it runs (not yet LIVE); rejects if it cannot. */
	start(launch: Launch, signal: AbortSignal): Promise<RunningProxy>;
}

export interface Launch {
	readonly command: string;
	readonly args: readonly string[];
	readonly uid: number;
	readonly gid: number;
	readonly onOutput: (line: string) => void;
}

export interface RunningProxy {
	/** Shown in status. */
	readonly id: string;
	/** How it ended, once it has. */
	readonly exited: Promise<Exit>;
	/** SIGTERM, and SIGKILL if that is not enough within `graceMs`. */
	stop(graceMs: number): Promise<Exit>;
}

export interface Exit {
	readonly code: number | undefined;
	readonly signal: string | undefined;
}

/** What must outlive the daemon. */
export interface State {
	readonly wanted?: 'enabled' | 'disabled';
	readonly since?: string;
	readonly dialect?: Dialect;
}

export interface StateFile {
	read(): State;
	write(state: State): void;
}

/** Who listens on a TCP port of this network namespace, as far as we may see. */
export interface Listener {
	readonly family: Family;
	readonly port: number;
	/** Who opened the socket. */
	readonly uid: number;
	/** `envoy (pid 4711)`, or 'unknown' where /proc does not tell. */
	readonly owner: () => string;
}

/** Envoy's admin interface. */
export interface ProxyAdmin {
	/** `state` is LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING; undefined while nobody answers. */
	info(signal: AbortSignal): Promise<{ readonly state: string; readonly version: string } | undefined>;
	/** Tells Envoy to let its connections end. */
	drain(signal: AbortSignal): Promise<void>;
}

/** The part of the world that interception is made of: every dialect that is installed, and the kernel's routing. */
export interface Host {
	readonly firewalls: readonly Firewall[];
	readonly routing: Routing;
}
