import type { Cidr } from '../values/cidr.ts';
import type { UnitCgroup } from '../values/unit-name.ts';
import type { Family, IdRange, InterfaceName, Port, PortRange } from '../values/units.ts';
import type { Capture } from './capture.ts';

/**
 * A ruleset is plain data: the desired rules of one family, each with its reason. Every rule is about TCP. A match with a
 * list holds where one of its elements does.
 */
export type Match =
	| { readonly kind: 'ports'; readonly ports: readonly PortRange[]; readonly asSet?: true }
	| { readonly kind: 'owner'; readonly id: 'uid' | 'gid'; readonly ranges: readonly IdRange[] }
	/** Sent by a socket that was made in this cgroup, or in one below it. */
	| { readonly kind: 'cgroup'; readonly cgroup: Pick<UnitCgroup, 'path' | 'id'> }
	/** `asSet`: the list is so long that it is to be looked up at once, where a dialect would try its elements one by one. */
	| { readonly kind: 'from' | 'to'; readonly cidrs: readonly Cidr[]; readonly asSet?: true }
	| { readonly kind: 'in' | 'out'; readonly interfaces: readonly InterfaceName[] }
	/**
	 * SYN without ACK. Without it, conntrack that starts late would take a packet of an established connection for its
	 * first (sysctl nf_conntrack_tcp_loose), and nat would redirect an open SSH session into Envoy.
	 */
	| { readonly kind: 'syn' }
	/** Any other packet. */
	| { readonly kind: 'not-syn' }
	| { readonly kind: 'syn-ack' }
	/** The packet's conntrack state (iptables-extensions(8), conntrack). */
	| { readonly kind: 'state'; readonly states: readonly ('INVALID' | 'NEW' | 'DNAT')[] }
	/** Comes in by a bridge whose packets br_netfilter shows to the rules. */
	| { readonly kind: 'bridged' }
	/** Belongs to a socket of this host: to a connection, or to a listener on just this address. */
	| { readonly kind: 'socket' }
	/** The same, and that is a transparent one (IP_TRANSPARENT, ip(7)). */
	| { readonly kind: 'transparent-socket' }
	/** The connection bears this mark, and the packet goes back to who opened it. */
	| { readonly kind: 'reply-of-marked'; readonly mark: number }
	/** Source ports. */
	| { readonly kind: 'own-ports'; readonly ports: readonly PortRange[] }
	/** Sent by a socket, not by the kernel itself. */
	| { readonly kind: 'owned' }
	/** Whether the source or destination is an address of this host. */
	| { readonly kind: 'local'; readonly end: 'source' | 'destination'; readonly is: boolean };

export type Verdict =
	| { readonly kind: 'return' }
	| { readonly kind: 'drop' }
	| { readonly kind: 'redirect'; readonly port: Port }
	/** Hands it to the transparent listener on this port, with its addresses as they are; drops it where there is none. */
	| { readonly kind: 'tproxy'; readonly port: Port; readonly family: Family }
	/** In nat: its destination stays, whatever chains of others would translate it to. */
	| { readonly kind: 'keep-destination' }
	/** Marks the packet, or the connection. Goes on with the next rule. */
	| { readonly kind: 'mark' | 'mark-connection'; readonly mark: number }
	| { readonly kind: 'jump'; readonly chain: ChainName };

/**
 * What the connections that a rule has seen are counted as: captured, let past by an exclusion, Envoy's own (not counted:
 * they were when they were captured), dropped, as they would have gone past Envoy, or kept from Envoy's own ports. Rules without
 * a role are not counted.
 */
export type RuleRole = 'redirect' | 'exclusion' | 'owner' | 'stray' | 'guard';

/** Why something becomes of a connection. */
export interface Reason {
	/** The setting that decides it. */
	readonly setting: keyof Capture;
	/** Of a rule, its comment in `iptables -S`. */
	readonly because: string;
}

export interface Rule extends Reason {
	readonly matches: readonly Match[];
	readonly verdict: Verdict;
	readonly role?: RuleRole;
}

export type TableName = 'mangle' | 'nat';

/**
 * The first two names are the 2019 script's. APPMESH_ANSWER protects Envoy's ports, APPMESH_INVALID and APPMESH_LOST drop
 * packets that nat would not translate, APPMESH_TPROXY and APPMESH_COOKIE lead inbound connections to a transparent
 * listener, APPMESH_CLIENT and APPMESH_REPLY let the application see the client's address, APPMESH_BRIDGE captures containers, APPMESH_ONLY_… combine several only-lists,
 * APPMESH_TRACKING keeps conntrack on while captured connections are open after the other chains are gone.
 */
export const chainNames = [
	'APPMESH_INGRESS',
	'APPMESH_EGRESS',
	'APPMESH_ANSWER',
	'APPMESH_INVALID',
	'APPMESH_LOST',
	'APPMESH_TPROXY',
	'APPMESH_COOKIE',
	'APPMESH_CLIENT',
	'APPMESH_REPLY',
	'APPMESH_BRIDGE',
	'APPMESH_ONLY_IP',
	'APPMESH_ONLY_PORT',
	'APPMESH_TRACKING',
] as const;
export type ChainName = (typeof chainNames)[number];

/**
 * What open connections need until they end, once the other chains are gone: answers on Envoy's ports are protected, and the
 * application's answers to a client's address find Envoy.
 */
export const drainChains: readonly ChainName[] = ['APPMESH_ANSWER', 'APPMESH_CLIENT', 'APPMESH_REPLY'];

/** A jump from a built-in chain, always its first rule: the traffic that enters a chain. */
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
	/** Why a connection that enters the chain and that no rule takes is not captured; absent where that cannot be. */
	readonly otherwise?: Reason;
}

export type Ruleset = readonly Chain[];
