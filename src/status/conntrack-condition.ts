import type { Fact } from './conditions.ts';

/** From then on it is told, while there is time to do something about it. */
const NEARLY_FULL = 0.9;

/** A full table drops new connections, captured or not: without a place in it nothing is redirected. */
export function conntrackFact({ count, most }: { readonly count: number; readonly most: number }): Fact {
	if (count < most * NEARLY_FULL) return { subject: 'conntrack', ok: true };
	return {
		subject: 'conntrack',
		ok: false,
		why: `the kernel tracks ${count} of at most ${most} connections; when that is full, new ones are dropped`,
		remedy: 'Raise net.netfilter.nf_conntrack_max, or see what opens so many: conntrack -L',
	};
}
