// Both dialects of iptables, as the lab names them and as the settings do.
import type { Dialect } from '../lab/net/restore.ts';

/** Each backend, and a dialect for the rules of others beside it. */
export interface Backend {
	readonly backend: string;
	readonly dialect: Dialect;
}

export const backends: readonly Backend[] = [
	{ backend: 'iptables-nft', dialect: 'nft' },
	{ backend: 'iptables-legacy', dialect: 'legacy' },
	{ backend: 'nft', dialect: 'nft' },
];

export const dialects: readonly Dialect[] = ['nft', 'legacy'];
export const backendOf = (dialect: Dialect): string => `iptables-${dialect}`;
