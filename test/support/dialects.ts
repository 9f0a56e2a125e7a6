// All backends, as the settings name them.
import type { Dialect } from '../../src/firewall/firewall.ts';
import type { Dialect as IptablesDialect } from '../lab/net/restore.ts';

/** A backend, and a dialect of iptables for the rules of others beside it. */
export interface Backend {
	readonly backend: Dialect;
	readonly dialect: IptablesDialect;
}

export const dialectOf = (backend: Dialect): IptablesDialect => (backend === 'iptables-legacy' ? 'legacy' : 'nft');

export const backends: readonly Backend[] = (['iptables-nft', 'iptables-legacy', 'nft'] as const).map((backend) => {
	return { backend, dialect: dialectOf(backend) };
});
