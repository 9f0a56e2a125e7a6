import type { OpenConnection } from '../../connections/connections.ts';
import type { Family } from '../../values/units.ts';

/** A user with its primary group, or a group; '' where it has no name. */
export interface Account {
	readonly id: number;
	readonly name: string;
}

/** Where the kernel would send a packet. */
export interface Route {
	readonly interface: string;
	/** The own address that it would be sent from; '' where the route has none. */
	readonly source: string;
	/** To this host itself. */
	readonly isLocal: boolean;
}

export interface ProcessView {
	readonly program: string;
	readonly uid: number;
	/** The one that the kernel holds its new sockets against. */
	readonly gid: number;
	/** The ids of its cgroup and of all above it. */
	readonly cgroups: readonly number[];
	readonly connections: readonly OpenConnection[];
}

/** What an explanation has to know of the host; reads only. */
export interface ExplainFacts {
	/** By name or id; undefined: there is none of this name. */
	readonly user: (text: string) => Promise<(Account & { readonly gid: number }) | undefined>;
	readonly group: (text: string) => Promise<Account | undefined>;
	/** Undefined: it was not told in time. */
	/** The ids of a unit's cgroup and of all above it; undefined: there is none. */
	readonly cgroupsOf: (unit: string) => readonly number[] | undefined;
	readonly addressesOf: (host: string) => Promise<readonly string[] | undefined>;
	/** Undefined: there is no route. */
	readonly route: (family: Family, address: string) => Promise<Route | undefined>;
	/** Undefined: there is no such process. */
	readonly process: (pid: number) => Promise<ProcessView | undefined>;
	/** Those that are redirected to one of these ports. */
	readonly redirected: (
		of: readonly OpenConnection[],
		ports: ReadonlySet<number>,
	) => Promise<ReadonlySet<OpenConnection>>;
}
