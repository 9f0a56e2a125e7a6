// What the page and `turnout control` say to each other, below /console/.
import type { ResourceKey } from './resource.ts';

export interface SessionReply {
	/** Undefined: nobody is signed in, and somebody has to. */
	readonly user?: string;
	/** Goes with each request that changes something, in the header CSRF_HEADER. */
	readonly csrfToken?: string;
	/** False: there are no keys, and whoever is on this host may do everything. */
	readonly hasKeys: boolean;
}

export const CSRF_HEADER = 'x-turnout-csrf-token';

export interface ShownTag {
	readonly key: string;
	readonly value: string;
}

export interface ShownResource extends ResourceKey {
	readonly arn: string;
	readonly uid: string;
	readonly version: number;
	/** ISO 8601. */
	readonly createdAt: string;
	readonly updatedAt: string;
	readonly tags: readonly ShownTag[];
	readonly spec: object;
	/** Changes with whatever is changed of it, by whomever. */
	readonly revision: string;
	/** Why it cannot be changed here. */
	readonly fixed?: string;
}

export interface ResourcesReply {
	readonly resources: readonly ShownResource[];
	/** How many there are that the user may not see. */
	readonly hidden: number;
	/** What is among the definitions and could not be read. */
	readonly unread: readonly string[];
	/** Of all resources as they are now. */
	readonly tag: string;
}

/** Of a node or gateway whose Envoys have asked for their configuration. */
export interface NodeStatus {
	/** `mesh/MESH/virtualNode/NAME`. */
	readonly node: string;
	/** How many Envoys are connected, and how many of these have all that they are to have. */
	readonly connected: number;
	readonly settled: number;
	readonly version: string;
	/** Envoy's own words. */
	readonly rejected?: { readonly why: string; readonly reverted?: boolean };
	/** Why what the definitions say now is not offered. */
	readonly trouble?: string;
	/** Absent: none of its Envoys reports it. */
	readonly load?: readonly UpstreamLoad[];
}

/** What Envoys send to a virtual node, by what they report: per second. */
export interface UpstreamLoad {
	/** Which one; `mesh/MESH/virtualNode/NAME`. */
	readonly node: string;
	/** Those that were begun; of TCP, connections. */
	readonly requests: number;
	/** Those that ended: with an answer, and with a status of 5xx or none. */
	readonly succeeded: number;
	readonly failed: number;
}

/** What is asked again and again. */
export interface StateReply {
	readonly tag: string;
	/** Undefined: no Envoys are served from here. */
	readonly nodes?: readonly NodeStatus[];
}

export interface ShownEvent {
	readonly at: string;
	readonly by: string;
	readonly operation: string;
	readonly resource: string;
	readonly version?: number | undefined;
	readonly before?: unknown;
	readonly after?: unknown;
}

export interface HistoryReply {
	/** The newest first; undefined: none is kept here. */
	readonly events?: readonly ShownEvent[];
	/** There are more than were asked for, also where the user may see few of these. */
	readonly hasOlder?: boolean;
}
