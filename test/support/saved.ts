// What iptables-save prints, without what differs between two reads of the same rules.
import type { Namespace } from '../lab/net/namespace.ts';
import { type Dialect, type Family, families } from '../lab/net/restore.ts';

export const savedBy = (host: Namespace, dialect: Dialect, family: Family): string =>
	host
		.run(`${family === 'v4' ? 'iptables' : 'ip6tables'}-${dialect}-save`, [])
		.replace(/^#.*\n/gm, '')
		.replace(/\[\d+:\d+\]/g, '[0:0]');

/** Both families, one after the other. */
export const savedText = (host: Namespace, dialect: Dialect = 'nft'): string =>
	families.map((family) => savedBy(host, dialect, family)).join('');

export const rulesIn = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('-A '));
