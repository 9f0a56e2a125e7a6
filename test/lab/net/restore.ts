// Rules of others, put into a namespace in one of the two dialects that iptables has.
import type { Namespace } from './namespace.ts';

export type Dialect = 'nft' | 'legacy';
export type Family = 'v4' | 'v6';

export const families: readonly Family[] = ['v4', 'v6'];

const program = (dialect: Dialect, family: Family): string =>
	`${family === 'v4' ? 'iptables' : 'ip6tables'}-${dialect}-restore`;

export function restore(namespace: Namespace, dialect: Dialect, render: (family: Family) => string): void {
	for (const family of families)
		namespace.run(program(dialect, family), ['--noflush', '--wait'], { input: render(family) });
}
