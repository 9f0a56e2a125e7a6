import type { Fact } from './conditions.ts';

/** Lists that cost each new connection time; `obstacle`: why they are not sets. */
export interface SlowLists {
	readonly settings: readonly string[];
	readonly obstacle: string;
}

/** The condition `lists`. */
export const listsFact = (slow: SlowLists | undefined): Fact =>
	slow === undefined
		? { subject: 'lists', ok: true }
		: {
				subject: 'lists',
				ok: false,
				why: `the kernel tries the entries of ${slow.settings.join(', ')} one by one for each new connection: ${slow.obstacle}`,
				remedy:
					'modprobe -a xt_set ip_set_hash_net ip_set_bitmap_port, then turnout reload; or set backend (TURNOUT_BACKEND) to nft',
			};
