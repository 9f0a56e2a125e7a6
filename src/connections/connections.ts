import type { Family } from '../values/units.ts';

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
	readonly isHostLocal: boolean;
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
	filterOpen(cookies: ReadonlySet<string>): Promise<ReadonlySet<string>>;
	/**
	 * Those among them that are translated to one of these ports of this host. Of accepted ones all that are translated: by
	 * whomever, the port that was dialled is not the one that the socket has.
	 */
	findRedirected(of: readonly OpenConnection[], ports: ReadonlySet<number>): Promise<ReadonlySet<OpenConnection>>;
	/** Makes the kernel track them as they are, untranslated, if it does not track them yet. */
	track(all: readonly OpenConnection[]): Promise<void>;
	/** What the table of sockets does not say; looked up only as far as it is asked for. */
	details(of: readonly OpenConnection[], asked: SocketDetailsRequest): Promise<SocketDetails>;
	/** Their owners are told of an abort, the other ends of a reset. Resolves to how many the kernel has ended. */
	end(all: readonly OpenConnection[]): Promise<number>;
}

export interface SocketDetailsRequest {
	readonly groups: boolean;
	readonly interfaces: boolean;
}

/** Undefined is what was not asked for, or cannot be found out. */
export interface SocketDetails {
	/** That the socket's owner runs as. */
	readonly groupOf: (connection: OpenConnection) => number | undefined;
	/** By which its packets would leave now. */
	readonly interfaceOf: (connection: OpenConnection) => string | undefined;
}
