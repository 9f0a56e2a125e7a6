import type { UpstreamLoad } from '../../mesh/console-protocol.ts';
import type { ResourceKind } from '../../xds/snapshot.ts';

/** Of a node whose Envoys have asked. */
export interface NodeStatus {
	/** `mesh/MESH/virtualNode/NAME`. */
	readonly node: string;
	/** How many Envoys are connected, and how many of these have all that they are to have. */
	readonly connected: number;
	readonly settled: number;
	/** Of what they are to have: a hash, '' where there is nothing. */
	readonly version: string;
	readonly envoys: readonly { readonly address: string; readonly since: string; readonly settled: boolean }[];
	/** When an Envoy accepted it last; and how long it took from the change until all that are connected had it. */
	readonly acceptedAt?: string;
	readonly acceptedMs?: number;
	/** Envoy's own words; `reverted`: what was accepted before is sent instead. */
	readonly rejected?: {
		readonly of: ResourceKind;
		readonly why: string;
		readonly reverted: boolean;
		readonly at: string;
	};
	/** Why what the definitions say now is not offered. */
	readonly trouble?: string;
	/** Absent: none of its Envoys reports it. */
	readonly load?: readonly UpstreamLoad[];
}
