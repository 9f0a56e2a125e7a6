import type { Family } from '../values/units.ts';
import { iptablesNatPriority, nftPriorities } from './chain-priorities.ts';
import type { Dialect } from './firewall.ts';
import type { BaseChain } from './foreign/foreign-rules.ts';

/** Where the redirects of each dialect hang. */
interface OwnNat {
	readonly priority: number;
	/** `hook`: of the base chain. */
	readonly isOwn: (chain: BaseChain, hook: string) => boolean;
	/** Undefined: it is no chain of nftables. */
	readonly nameOf: (family: Family, hook: string) => Pick<BaseChain, 'family' | 'table' | 'chain'> | undefined;
}

export const ownNat: Readonly<Record<Dialect, OwnNat>> = {
	'iptables-nft': {
		priority: iptablesNatPriority,
		isOwn: ({ family, table, chain }, hook) => family !== 'inet' && table === 'nat' && chain === hook.toUpperCase(),
		nameOf: (family, hook) => ({ family: family === 'ipv4' ? 'ip' : 'ip6', table: 'nat', chain: hook.toUpperCase() }),
	},
	'iptables-legacy': { priority: iptablesNatPriority, isOwn: () => false, nameOf: () => undefined },
	nft: {
		priority: nftPriorities.nat,
		isOwn: ({ family, table, chain }, hook) => family === 'inet' && table === 'turnout' && chain === `nat_${hook}`,
		nameOf: (_, hook) => ({ family: 'inet', table: 'turnout', chain: `nat_${hook}` }),
	},
};
