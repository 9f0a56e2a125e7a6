import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { SetKind } from '../../firewall/iptables/ip-set.ts';
import { formatAttribute } from '../netlink/attributes.ts';
import { errnoOf } from '../netlink/errno.ts';
import { openNetlink } from '../netlink/open-socket.ts';
import { hasModule } from './extensions.ts';
import { askType, TYPE } from './set-messages.ts';

/** NFNL_SUBSYS_NFT_COMPAT << 8 | NFNL_MSG_COMPAT_GET, NFTA_COMPAT_… (linux/netfilter/nf_tables_compat.h). */
const GET_EXTENSION = 11 << 8;
const NAME = 1;
const REVISION = 2;
const KIND = 3;
const AF_INET = 2;
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
		return (await hasMatch(socket)) ? '' : 'the kernel lacks the match set (module xt_set)';
	} finally {
		socket.close();
	}
}

const hasType = (socket: NetlinkSocket, kind: SetKind): Promise<boolean> =>
	socket.request(TYPE, askType(kind), { timeout: TIMEOUT_MS }).then(
		() => true,
		() => false,
	);

/** A kernel without nft_compat, as iptables-legacy needs none, does not say. */
async function hasMatch(socket: NetlinkSocket): Promise<boolean> {
	const zero = Buffer.alloc(4);
	const asked = [
		formatAttribute([NAME, Buffer.from('set\0')]),
		...[REVISION, KIND].map((kind) => formatAttribute([kind, zero])),
	];
	try {
		await socket.request(GET_EXTENSION, [Buffer.from([AF_INET, 0, 0, 0]), ...asked], { timeout: TIMEOUT_MS });
		return true;
	} catch (error) {
		return errnoOf(error) !== 'ENOENT' && hasModule('xt_set');
	}
}
