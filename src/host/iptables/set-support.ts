import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { SetKind } from '../../firewall/iptables/ip-set.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { hasMatch } from './has-match.ts';
import { askType, TYPE } from './set-messages.ts';

const TIMEOUT_MS = 2_000;

const types: readonly (readonly [SetKind, string])[] = [
	['ipv4', 'hash:net (module ip_set_hash_net)'],
	['ipv6', 'hash:net for IPv6 (module ip_set_hash_net)'],
	['ports', 'bitmap:port (module ip_set_bitmap_port)'],
];

/** Why rules cannot look up lists in sets; '' where they can. The kernel loads the modules that it is asked about. */
export async function readSetObstacle(): Promise<string> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		for (const [kind, name] of types)
			if (!(await hasType(socket, kind))) return `the kernel lacks the set type ${name}`;
		return (await hasMatch(socket, 'set', 0)) ? '' : 'the kernel lacks the match set (module xt_set)';
	} finally {
		socket.close();
	}
}

const hasType = (socket: NetlinkSocket, kind: SetKind): Promise<boolean> =>
	socket.request(TYPE, askType(kind), { timeout: TIMEOUT_MS }).then(
		() => true,
		() => false,
	);
