import type { Fact } from './conditions.ts';

/** `dormant`: as nft names them. The rules are all there, and none of them acts. */
export function tablesFact(dormant: readonly string[]): Fact {
	if (dormant.length === 0) return { subject: 'tables', ok: true };
	const what = dormant.length === 1 ? `the table ${dormant[0]} is` : `the tables ${dormant.join(', ')} are`;
	return {
		subject: 'tables',
		ok: false,
		why: `${what} switched off (flags dormant): its rules are there and do nothing, ours among them`,
		remedy: `Switch on again: ${dormant.map((name) => `\`nft add table ${name}\``).join(', ')}`,
	};
}
