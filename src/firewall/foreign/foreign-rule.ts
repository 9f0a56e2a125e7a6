import type { Cidr } from '../../values/cidr.ts';
import type { Family, IdRange } from '../../values/units.ts';

/** Rules of others, in whatever dialect, as far as it matters which connection they are about. */
export interface Ports {
	readonly from: number;
	readonly to: number;
}

export type Match = { readonly not: boolean } & (
	| { readonly kind: 'protocol' | 'state'; readonly names: readonly string[] }
	/** `original`: as it was dialled, whatever has been made of it since. */
	| { readonly kind: 'ports'; readonly ranges: readonly Ports[]; readonly original: boolean }
	| { readonly kind: 'from' | 'to'; readonly cidrs: readonly Cidr[]; readonly original: boolean }
	| { readonly kind: 'in' | 'out'; readonly names: readonly string[] }
	| { readonly kind: 'local'; readonly end: 'source' | 'destination' }
	| { readonly kind: 'uid'; readonly ranges: readonly IdRange[] }
	/** Something that is not looked at: it may hold. */
	| { readonly kind: 'unknown'; readonly words: string }
);

/** `translate`: gives the connection another end; `untrack`: keeps everybody from doing so; `steal`: gives it to a socket. */
export type Verdict =
	| { readonly kind: 'accept' | 'drop' | 'return' | 'continue' | 'translate' | 'untrack' | 'steal' }
	| { readonly kind: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
	readonly matches: readonly Match[];
	readonly verdict: Verdict;
	/** In the words of its tool. */
	readonly text: string;
}

export interface Table {
	/** `iptables-nft`, `iptables-legacy`, or `nft`. */
	readonly tool: string;
	readonly family: 'ip' | 'ip6' | 'inet';
	readonly name: string;
	readonly chains: ReadonlyMap<string, readonly Rule[]>;
	/** Built-in chains that drop what no rule decides. */
	readonly dropping: ReadonlySet<string>;
}

/** The packet that opens a connection, as it is at one place. What is undefined may be anything. */
export interface Packet {
	readonly family: Family;
	readonly from?: string | undefined;
	readonly to?: string | undefined;
	readonly port?: number | undefined;
	/** As it was dialled. */
	readonly originalTo?: string | undefined;
	readonly originalPort?: number | undefined;
	readonly in?: string | undefined;
	readonly out?: string | undefined;
	readonly isFromHere?: boolean | undefined;
	readonly isToHere?: boolean | undefined;
	readonly uid?: number | undefined;
	/** Somebody has given it another end: we have. */
	readonly isTranslated: boolean;
}

export const isOf = ({ family }: Pick<Table, 'family'>, of: Family): boolean =>
	family === 'inet' || family === (of === 'ipv4' ? 'ip' : 'ip6');
