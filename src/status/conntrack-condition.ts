import type { Fact } from './conditions.ts';

/** Reported before the table is full, while there is time to act. */
const NEARLY_FULL = 0.9;

/** The condition `conntrack`: a full table drops new connections, captured or not. */
export function conntrackFact({ count, most }: { readonly count: number; readonly most: number }): Fact {
	if (count < most * NEARLY_FULL) return { subject: 'conntrack', ok: true };
	return {
		subject: 'conntrack',
		ok: false,
		why: `the kernel tracks ${count} of at most ${most} connections; if the table is full, new ones are dropped`,
		remedy: 'Raise net.netfilter.nf_conntrack_max, or find what opens so many: conntrack -L',
	};
}
