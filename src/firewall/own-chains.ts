import type { Dialect } from './firewall.ts';
import type { BaseChain } from './foreign/foreign-rules.ts';

/** Where the redirects of each dialect hang. NF_IP_PRI_NAT_DST (linux/netfilter_ipv4.h) is -100. */
interface OwnNat {
	readonly priority: number;
	/** `hook`: of the base chain. */
	readonly isOwn: (chain: BaseChain, hook: string) => boolean;
}

export const ownNat: Readonly<Record<Dialect, OwnNat>> = {
	'iptables-nft': {
		priority: -100,
		isOwn: ({ family, table, chain }, hook) => family !== 'inet' && table === 'nat' && chain === hook.toUpperCase(),
	},
	// It is no chain of nftables.
	'iptables-legacy': { priority: -100, isOwn: () => false },
	nft: {
		priority: -101,
		isOwn: ({ family, table, chain }, hook) => family === 'inet' && table === 'turnout' && chain === `nat_${hook}`,
	},
};
