import type { Fact } from './conditions.ts';

export const limitedWhy = (why: string): string =>
	`captured connections whose conntrack entry is lost (conntrack -F, idle for days) are reset: ${why}`;

/** The condition `tracking`. `why`: the reason why only the opening of a connection can be captured. */
export const trackingFact = (why: string | undefined): Fact =>
	why === undefined
		? { subject: 'tracking', ok: true }
		: { subject: 'tracking', ok: false, why: limitedWhy(why), remedy: 'Fix that, then turnout enable' };
