import type { Failure } from './failure.ts';
import type { Family } from './values/units.ts';

/** Everything the core asks of the world. `host/` implements it; the core and the tests are written against it. */

export type Dialect = 'iptables-nft' | 'iptables-legacy';

/** One dialect's firewall of this network namespace, both families. */
export interface Firewall {
	readonly dialect: Dialect;
	/** All tables with their counters, as `iptables-save -c` prints them; '' where the kernel has none yet. */
	read(family: Family, signal: AbortSignal): Promise<string>;
	/** Whether mangle has this built-in chain already; nft-backed iptables makes it when it is first needed. */
	hasMangle(family: Family, chain: 'PREROUTING' | 'OUTPUT'): Promise<boolean>;
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
	/** `local default dev lo`: every destination is this host; `throw default`: go on behind this table. */
	readonly kind: 'local' | 'throw' | 'other';
	/** The lowest is looked at first. */
	readonly metric: number;
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

/** Somebody has changed something on the host that we may have a part in. */
export interface Notice {
	/** `order`: somebody else has a chain where ours are. */
	readonly subject: `${Family} rules` | 'routes' | 'addresses' | 'order';
	/** Which program it was, where the kernel tells; else ''. */
	readonly by: string;
	/** It was one that we had started. */
	readonly isOwn: boolean;
}

/** Whoever is told of it. */
export interface Ear {
	readonly onNotice: (notice: Notice) => void;
	/** The kernel had more to tell of these than there was room for: everything may have changed. */
	readonly onLost: (of: 'rules' | 'routes') => void;
}

/** Chains by their table: every name that one of ours can have, and those of the kernel that lead to them. */
export type Chains = Readonly<
	Record<'mangle' | 'nat', { readonly own: readonly string[]; readonly leading: readonly string[] }>
>;

/** What of all that changes on a host is told. */
export interface Interest {
	readonly chains: Chains;
	/** Which table is ours at the moment. */
	readonly routeTable: () => number;
}

/** What must outlive the daemon. */
export interface State {
	readonly wanted?: 'enabled' | 'disabled';
	readonly since?: string;
	readonly dialect?: Dialect;
	/** Chosen by `update`, for as long as the settings name the same image as then. */
	readonly image?: { readonly chosen: string; readonly settings: string };
}

/** One file that is replaced as a whole. */
export interface StateStore {
	/** `broken`: what was there could not be used, and was set aside; '' where there was nothing, or all is well. */
	read(): { readonly state: State; readonly broken: string };
	/** Undefined once it would outlive this process; the disk is waited for behind our back. */
	write(state: State): Unwritten | undefined;
	/** Once the disk has what was written last, or something newer was written: undefined; or it says that it failed. */
	published(): Promise<Unwritten | undefined>;
}
export interface Unwritten {
	readonly failure: Failure;
	/** A full disk may have room again; a folder that is none stays none. */
	readonly mayPass: boolean;
}

/** What is remembered, whether or not it can be written at the moment. */
export interface StateFile {
	read(): State;
	write(state: State): void;
	/** Calls back once what was written last would outlive a power cut: at once where it would already. */
	whenKept(act: () => void): void;
	/** What of it a restart would not find; undefined while all is well. */
	trouble(): { readonly why: string; readonly remedy: string } | undefined;
}

/** Settings by their keys: what was written, and where. */
export type Written = Readonly<Record<string, { readonly text: string; readonly origin: string }>>;

/** What `enable --confirm` and `reload --confirm` go back to unless it is confirmed in time; it outlives the daemon. */
export interface Pending {
	/** RFC 3339. */
	readonly until: string;
	readonly before: { readonly wanted: 'enabled' | 'disabled'; readonly since: string };
	/** What `iptables-save` said then, '' where nothing of ours was there. */
	readonly saved: { readonly [D in Dialect]?: Readonly<Record<Family, string>> };
	/** Those that held then, where a reload has changed them. */
	readonly settings?: Written;
	/** Our policy rule or route was there. */
	readonly hadRoutes: boolean;
	/** Envoy's, which connections have been captured for since. */
	readonly ports: readonly number[];
	/** What goes back when the time is over, and is to be cancelled otherwise. */
	readonly alarm: string;
	/** It has gone back already, and the daemon was not there to do it. */
	readonly isReverted?: true;
}

export interface PendingFile {
	/** `only`: what waits until this time, by the clock of now or of when it was written. */
	read(only?: string): Pending | undefined;
	write(pending: Pending): void;
	remove(): void;
}

/** Runs a command of turnout after a time, whatever has become of this process by then. */
export interface Alarm {
	/** Resolves to what `cancel` takes. */
	set(seconds: number, args: readonly string[]): Promise<string>;
	cancel(id: string): Promise<void>;
}

/** Who listens on a TCP port of this network namespace, as far as we may see. */
export interface Listener {
	readonly family: Family;
	/** `0.0.0.0` and `::` are all. */
	readonly address: string;
	readonly port: number;
	/** `::` takes no IPv4. */
	readonly isIpv6Only: boolean;
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
	/** Makes the kernel track them as they are, untranslated, if it does not track them yet. */
	track(all: readonly OpenConnection[]): Promise<void>;
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

/** The part of the world that interception is made of: every dialect that is installed, and the kernel's routing. */
export interface Host {
	readonly firewalls: readonly Firewall[];
	readonly routing: Routing;
}

/** systemd, which waits for word of us: sd_notify(3). */
export interface ServiceManager {
	/** Assignments as `READY=1`; resolves once it has read them. */
	tell(words: readonly string[]): Promise<void>;
	/** Without a word for so long it ends us; undefined: it is patient. */
	readonly patienceMs?: number;
}
