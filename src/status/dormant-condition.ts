import type { Fact } from './conditions.ts';

/** The condition `tables`: nft tables with the flag `dormant` hold rules that do nothing. `dormant`: names as in nft. */
export function tablesFact(dormant: readonly string[]): Fact {
	if (dormant.length === 0) return { subject: 'tables', ok: true };
	const what = dormant.length === 1 ? `the table ${dormant[0]} is` : `the tables ${dormant.join(', ')} are`;
	return {
		subject: 'tables',
		ok: false,
		why: `${what} disabled (flags dormant): its rules, ours among them, have no effect`,
		remedy: `Enable with ${dormant.map((name) => `\`nft add table ${name}\``).join(', ')}`,
	};
}
