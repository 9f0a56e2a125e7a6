import type { Fact } from './conditions.ts';

export const limitedWhy = (why: string): string =>
	`captured connections that the kernel forgets (conntrack -F, idle for days) are reset: ${why}`;

/** `why`: what keeps more than the opening of a connection from being captured. */
export const trackingFact = (why: string | undefined): Fact =>
	why === undefined
		? { subject: 'tracking', ok: true }
		: { subject: 'tracking', ok: false, why: limitedWhy(why), remedy: 'Put that right, then turnout enable' };
