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

/** Envoy as the settings want it; all of it that makes a difference is in the hash by which it is found again. */
export interface ProxySpec {
	/** Its container's; '' where it is a process. */
	readonly image: string;
	readonly pull: 'missing' | 'always' | 'never';
	/** The program: a name or path on this host, or in the image; '' for what the image itself starts. */
	readonly command: string;
	readonly args: readonly string[];
	readonly env: Readonly<Record<string, string>>;
	readonly uid: number;
	readonly gid: number;
	/** Files of this host that it reads, at the same paths, and their text as it is now. */
	readonly files: Readonly<Record<string, string>>;
	/** 0: no limit. */
	readonly memoryMegabytes: number;
	readonly openFiles: number;
	/** More of this host that it finds at the same paths, read-only. */
	readonly mounts: readonly string[];
	/** '' for Docker's own default. */
	readonly logDriver: string;
}

/** Who it is among Envoys of the same specification. */
export interface ProxyIdentity {
	/** Ours alone: what this Envoy says of itself on its admin port. */
	readonly instance: string;
	readonly hash: string;
	/** Where it answers, which may not be where the settings are now. */
	readonly adminPort: number;
}

/** Envoy as turnout runs it: processes or containers. */
export interface ProxyRuntime {
	/** Makes sure that what is to be started is there, by pulling it if need be; resolves to what it is exactly. */
	prepare(spec: ProxySpec, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<string>;
	/** Resolves once it runs (not yet LIVE); rejects if it cannot. */
	start(spec: ProxySpec, identity: ProxyIdentity, onOutput: OnOutput, signal: AbortSignal): Promise<RunningProxy>;
	/** Those that a former daemon left running. What else it left is taken away. */
	adopt(onOutput: OnOutput, signal: AbortSignal): Promise<readonly RunningProxy[]>;
	/** Why it cannot be asked at the moment; '' where it can. */
	trouble(): string;
	/** Looks no longer after what runs. */
	close(): void;
}

export type OnOutput = (line: string) => void;

/** A pull on its way, all layers together, in bytes. */
export interface PullProgress {
	readonly image: string;
	readonly layers: readonly LayerProgress[];
}
export interface LayerProgress {
	readonly id: string;
	/** In Docker's words: Downloading, Extracting, Pull complete, Already exists. */
	readonly status: string;
	readonly current: number;
	/** 0 while it is not known. */
	readonly total: number;
}

export interface RunningProxy extends ProxyIdentity {
	/** Shown in status: a process's id, a container's id. */
	readonly id: string;
	/** The container's; '' for a process. */
	readonly image: string;
	/** RFC 3339. */
	readonly startedAt: string;
	/** How it ended, once it has. */
	readonly exited: Promise<Exit>;
	/** SIGTERM, and SIGKILL if that is not enough within `graceMs`. Nothing of it is left then. */
	stop(graceMs: number): Promise<Exit>;
	/** From now on it is the one that goes by the name of ours. */
	promote(): Promise<void>;
}

export interface Exit {
	readonly code: number | undefined;
	readonly signal: string | undefined;
	/** The kernel ended it for want of memory. */
	readonly isOutOfMemory?: boolean;
	/** Somebody has taken it away. */
	readonly isRemoved?: boolean;
	/** Somebody has started it again behind our back, and it was ended. */
	readonly isRestarted?: boolean;
}

/** What a registry wants to hear, in the words of Docker's API (X-Registry-Auth). */
export type Login =
	| { readonly username: string; readonly password: string; readonly serveraddress: string }
	| { readonly identitytoken: string; readonly serveraddress: string };

export interface Logins {
	/** For the registry of an image; undefined where there is none. `isRefused`: the one given last was not taken. */
	loginFor(image: string, isRefused: boolean, signal: AbortSignal): Promise<Login | undefined>;
}

/** What must outlive the daemon. */
export interface State {
	readonly wanted?: 'enabled' | 'disabled';
	readonly since?: string;
	readonly dialect?: Dialect;
	/** Chosen by `update`, for as long as the settings name the same image as then. */
	readonly image?: { readonly chosen: string; readonly settings: string };
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

/** A TCP connection that is open at a socket of this network namespace. */
export interface OpenConnection {
	/** Of its addresses: a socket of IPv6 may carry IPv4. */
	readonly family: Family;
	readonly local: Endpoint;
	readonly remote: Endpoint;
	/** The other end called; else the socket's owner did. */
	readonly isAccepted: boolean;
	/** Both ends are here. */
	readonly isWithin: boolean;
	readonly uid: number;
	readonly inode: string;
	/** What the kernel calls it, and will call no other. */
	readonly cookie: string;
	/** The same for `end`. */
	readonly handle: Uint8Array;
}
export interface Endpoint {
	/** As inet_ntop(3) spells it. */
	readonly address: string;
	readonly port: number;
}

/** What the kernel says of the connections that are open here. */
export interface Connections {
	open(): Promise<readonly OpenConnection[]>;
	/** Those of these cookies whose connections are open still. */
	stillOpen(cookies: ReadonlySet<string>): Promise<ReadonlySet<string>>;
	/**
	 * Those among them that are translated to one of these ports of this host. Of accepted ones all that are translated: by
	 * whomever, the port that was dialled is not the one that the socket has.
	 */
	translated(of: readonly OpenConnection[], ports: ReadonlySet<number>): Promise<ReadonlySet<OpenConnection>>;
	/** What the table of sockets does not say; looked up only as far as it is asked for. */
	asides(of: readonly OpenConnection[], asked: Asked): Promise<Asides>;
	/** Their owners are told of an abort, the other ends of a reset. Resolves to how many the kernel has ended. */
	end(all: readonly OpenConnection[]): Promise<number>;
}
export interface Asked {
	readonly groups: boolean;
	readonly interfaces: boolean;
}
/** Undefined is what was not asked for, or cannot be found out. */
export interface Asides {
	/** That the socket's owner runs as. */
	readonly groupOf: (connection: OpenConnection) => number | undefined;
	/** By which its packets would leave now. */
	readonly interfaceOf: (connection: OpenConnection) => string | undefined;
}

/** The admin interface of one Envoy, also where two answer on the same port. */
export interface ProxyAdmin {
	/** `state` is LIVE, PRE_INITIALIZING, INITIALIZING or DRAINING; undefined while it does not answer. */
	info(signal: AbortSignal): Promise<{ readonly state: string; readonly version: string } | undefined>;
	/** The TCP ports that it listens on; undefined while it does not answer. */
	ports(signal: AbortSignal): Promise<readonly number[] | undefined>;
	/** How many connections its listeners hold; undefined while it does not answer. */
	connections(signal: AbortSignal): Promise<number | undefined>;
	/** Takes no more connections; `graceful`: goes on taking them while it asks its clients to come back elsewhere. */
	drain(how: 'graceful' | 'at-once', signal: AbortSignal): Promise<void>;
}

/** The part of the world that interception is made of: every dialect that is installed, and the kernel's routing. */
export interface Host {
	readonly firewalls: readonly Firewall[];
	readonly routing: Routing;
}
