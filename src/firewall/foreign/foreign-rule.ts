import type { Cidr } from '../../values/cidr.ts';
import type { Family, IdRange } from '../../values/units.ts';

/** Rules of others in any dialect, as far as it matters which connections they match. */
export interface Ports {
	readonly from: number;
	readonly to: number;
}

export type Match = { readonly not: boolean } & (
	| { readonly kind: 'protocol' | 'state'; readonly names: readonly string[] }
	/** `original`: before any translation. */
	| { readonly kind: 'ports'; readonly ranges: readonly Ports[]; readonly original: boolean }
	| { readonly kind: 'from' | 'to'; readonly cidrs: readonly Cidr[]; readonly original: boolean }
	| { readonly kind: 'in' | 'out'; readonly names: readonly string[] }
	| { readonly kind: 'local'; readonly end: 'source' | 'destination' }
	| { readonly kind: 'uid'; readonly ranges: readonly IdRange[] }
	/** The packet opens a connection, as each does here; negated the rule matches none. */
	| { readonly kind: 'syn' }
	/** Something that is not evaluated: it may match. */
	| { readonly kind: 'unknown'; readonly words: string }
);

/** `translate`: DNAT; `untrack`: prevents any; `steal`: hands the connection to a local socket. */
export type Verdict =
	| { readonly kind: 'accept' | 'drop' | 'return' | 'continue' | 'translate' | 'untrack' | 'steal' }
	| { readonly kind: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
	readonly matches: readonly Match[];
	readonly verdict: Verdict;
	/** As its tool prints it. */
	readonly text: string;
}

export interface Table {
	/** `iptables-nft`, `iptables-legacy`, or `nft`. */
	readonly tool: string;
	readonly family: 'ip' | 'ip6' | 'inet';
	readonly name: string;
	readonly chains: ReadonlyMap<string, readonly Rule[]>;
	/** Base chains whose policy is drop. */
	readonly dropping: ReadonlySet<string>;
}

/** The packet that opens a connection, at one point of its way. What is undefined may be anything. */
export interface Packet {
	readonly family: Family;
	readonly from?: string | undefined;
	readonly to?: string | undefined;
	readonly port?: number | undefined;
	/** Before any translation. */
	readonly originalTo?: string | undefined;
	readonly originalPort?: number | undefined;
	readonly in?: string | undefined;
	readonly out?: string | undefined;
	readonly isFromHere?: boolean | undefined;
	readonly isToHere?: boolean | undefined;
	readonly uid?: number | undefined;
	/** We have redirected it. */
	readonly isTranslated: boolean;
}

export const isOfFamily = ({ family }: Pick<Table, 'family'>, of: Family): boolean =>
	family === 'inet' || family === (of === 'ipv4' ? 'ip' : 'ip6');
