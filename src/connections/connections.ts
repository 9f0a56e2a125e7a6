import type { UnitCgroup } from '../values/unit-name.ts';
import type { Family } from '../values/units.ts';

/** The interface to the kernel's TCP sockets of this network namespace. This is a listening one. */
export interface Listener {
	readonly family: Family;
	/** `0.0.0.0` and `::` mean all addresses. */
	readonly address: string;
	readonly port: number;
	/** `::` does not accept IPv4. */
	readonly isIpv6Only: boolean;
	/** TPROXY hands connections to such a one only; undefined where the kernel does not say. */
	readonly isTransparent: boolean | undefined;
	/** Owner of the socket. */
	readonly uid: number;
	/** `envoy (pid 4711)`, or 'unknown' if /proc does not show it. */
	readonly owner: () => string;
}

/** An open TCP connection of a socket in this network namespace. */
export interface OpenConnection {
	/** Of the addresses: an IPv6 socket may carry IPv4. */
	readonly family: Family;
	readonly local: Endpoint;
	readonly remote: Endpoint;
	/** Inbound; else opened by the socket's owner. */
	readonly isAccepted: boolean;
	/** Both ends are on this host. */
	readonly isHostLocal: boolean;
	/** Of a transparent listener; undefined where the kernel does not say. */
	readonly isTransparent: boolean | undefined;
	readonly uid: number;
	readonly inode: string;
	/** The id of the cgroup that it was made in; kernels before 5.9 do not say. */
	readonly cgroup: number | undefined;
	/** The kernel's id of the socket, never reused. */
	readonly cookie: string;
	/** Opaque id for `end`. */
	readonly handle: Uint8Array;
}

export interface Endpoint {
	/** As inet_ntop(3) spells it. */
	readonly address: string;
	readonly port: number;
}

/** Queries and actions on open connections. */
export interface Connections {
	open(): Promise<readonly OpenConnection[]>;
	/** The cookies whose connections are still open. */
	filterOpen(cookies: ReadonlySet<string>): Promise<ReadonlySet<string>>;
	/**
	 * The connections that NAT redirects to one of these local ports. For accepted connections any translation counts, by
	 * whichever rule: their original port differs from the socket's.
	 */
	findRedirected(of: readonly OpenConnection[], ports: ReadonlySet<number>): Promise<ReadonlySet<OpenConnection>>;
	/** Creates conntrack entries without translation for connections that have none. */
	track(all: readonly OpenConnection[]): Promise<void>;
	/** Details that the table of sockets lacks; only the requested ones are looked up. */
	details(of: readonly OpenConnection[], asked: SocketDetailsRequest): Promise<SocketDetails>;
	/** Ends connections: their owners get ECONNABORTED, the peers a reset. Resolves to the number that the kernel ended. */
	end(all: readonly OpenConnection[]): Promise<number>;
}

export interface SocketDetailsRequest {
	readonly groups: boolean;
	readonly interfaces: boolean;
	/** Of these, which hold the socket. */
	readonly cgroups: readonly UnitCgroup[];
}

/** Undefined: not requested, or not available. */
export interface SocketDetails {
	/** Group of the socket's owner. */
	readonly groupOf: (connection: OpenConnection) => number | undefined;
	/** The ids of those of the cgroups that it was made in. */
	readonly cgroupsOf: (connection: OpenConnection) => readonly number[] | undefined;
	/** Outgoing interface, by the current routes. */
	readonly interfaceOf: (connection: OpenConnection) => string | undefined;
}
