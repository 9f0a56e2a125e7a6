import type { Cidr } from '../values/cidr.ts';
import type { IdRange, InterfaceName, Port, PortRange } from '../values/units.ts';

/** A ruleset is plain data: what the kernel should hold for one family, and why. Every rule is about TCP. */
export type Match =
	| { readonly kind: 'ports'; readonly ports: readonly PortRange[] }
	| { readonly kind: 'owner'; readonly id: 'uid' | 'gid'; readonly range: IdRange }
	| { readonly kind: 'from' | 'to'; readonly cidr: Cidr }
	| { readonly kind: 'in' | 'out'; readonly interface: InterfaceName }
	/**
	 * The packet that opens a connection. Where nobody has tracked connections before, the kernel takes a later packet of
	 * an old one for the first (sysctl nf_conntrack_tcp_loose), and would send an open SSH session into Envoy.
	 */
	| { readonly kind: 'opening' }
	/** Any packet but that. */
	| { readonly kind: 'going-on' }
	/** The answer to it. */
	| { readonly kind: 'answer' }
	/** What connection tracking says of the packet (iptables-extensions(8), conntrack). */
	| { readonly kind: 'state'; readonly states: readonly ('INVALID' | 'NEW')[] }
	/** Whose local port it is. */
	| { readonly kind: 'own-ports'; readonly ports: readonly PortRange[] }
	/** A socket's, and not the kernel's own. */
	| { readonly kind: 'owned' }
	/** Whether an end of the connection is an address of this host. */
	| { readonly kind: 'local'; readonly end: 'source' | 'destination'; readonly is: boolean };

export type Verdict =
	| { readonly kind: 'return' }
	| { readonly kind: 'drop' }
	| { readonly kind: 'redirect'; readonly port: Port }
	| { readonly kind: 'jump'; readonly chain: ChainName };

/**
 * What the connections that a rule has seen are counted as: captured, let past by an exclusion, Envoy's own (not counted:
 * they were when they were captured), or dropped, as they would have gone past Envoy. Rules without a role are not counted.
 */
export type RuleRole = 'redirect' | 'exclusion' | 'owner' | 'stray';

export interface Rule {
	readonly matches: readonly Match[];
	readonly verdict: Verdict;
	readonly role?: RuleRole;
	/** Shown beside the rule by `iptables -S`: every rule says why it is there. */
	readonly because: string;
}

export type TableName = 'mangle' | 'nat';

/**
 * The first two are the 2019 script's. APPMESH_ANSWER sees who answers on Envoy's ports, APPMESH_INVALID and
 * APPMESH_LOST what would go past translation; APPMESH_BRIDGE takes what containers send; APPMESH_ONLY_… hold the later stages
 * where more than one only-list has to agree; APPMESH_TRACKING outlives the others while captured connections are open.
 */
export const chainNames = [
	'APPMESH_INGRESS',
	'APPMESH_EGRESS',
	'APPMESH_ANSWER',
	'APPMESH_INVALID',
	'APPMESH_LOST',
	'APPMESH_BRIDGE',
	'APPMESH_ONLY_IP',
	'APPMESH_ONLY_PORT',
	'APPMESH_TRACKING',
] as const;
export type ChainName = (typeof chainNames)[number];

/** The traffic that a chain is given, always before any other rule of the built-in chain sees it. */
export interface Hook {
	readonly at: 'PREROUTING' | 'OUTPUT';
	readonly matches: readonly Match[];
	readonly because: string;
}

export interface Chain {
	readonly table: TableName;
	readonly name: ChainName;
	readonly hooks: readonly Hook[];
	readonly rules: readonly Rule[];
}

export type Ruleset = readonly Chain[];
