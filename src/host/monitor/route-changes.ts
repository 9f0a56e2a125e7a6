import { attributesOf } from '../netlink/attributes.ts';
import type { NetlinkNotice } from '../netlink/messages.ts';

/** rtnetlink's groups for links, addresses, routes and policy rules of both families (linux/rtnetlink.h). */
export const ROUTE_GROUPS: readonly number[] = [1, 5, 9, 7, 11, 8, 19];

/** RTM_NEW… and RTM_DEL… of each. */
const LINKS_AND_ADDRESSES = [16, 17, 20, 21];
const ROUTES = [24, 25];
const RULES = [32, 33];
/** sizeof(struct rtmsg), the offset of its table, and RTA_TABLE, for tables above 255. */
const FIXED_BYTES = 12;
const TABLE_AT = 4;
const TABLE = 15;

/** FRA_FWMARK (linux/fib_rules.h); a rule has the header and the table attribute of a route. */
const FWMARK = 10;

/** What of ours a notification may concern: our policy rule or table, or the addresses that are captured. */
export function routeSubject({ type, body }: NetlinkNotice, table: number): 'routes' | 'addresses' | undefined {
	if (LINKS_AND_ADDRESSES.includes(type)) return 'addresses';
	if (!RULES.includes(type) && !ROUTES.includes(type)) return undefined;
	const attributes = attributesOf(body.subarray(FIXED_BYTES));
	if (RULES.includes(type) && attributes.has(FWMARK)) return 'routes';
	return (attributes.get(TABLE)?.readUInt32LE() ?? body[TABLE_AT]) === table ? 'routes' : undefined;
}
