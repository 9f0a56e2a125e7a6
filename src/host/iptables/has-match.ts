import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import { formatAttribute } from '../netlink/attributes.ts';
import { errnoOf } from '../netlink/errno.ts';
import { hasModule } from './extensions.ts';

/** NFNL_SUBSYS_NFT_COMPAT << 8 | NFNL_MSG_COMPAT_GET, NFTA_COMPAT_… (linux/netfilter/nf_tables_compat.h). */
const GET_EXTENSION = 11 << 8;
const NAME = 1;
const REVISION = 2;
const KIND = 3;
const MATCH = 0;
const AF_INET = 2;
const TIMEOUT_MS = 2_000;

/** ENOENT: no such match; EPROTONOSUPPORT: not in this revision (nfnl_compat_get_rcu, nft_compat.c). */
const LACKING: readonly (string | undefined)[] = ['ENOENT', 'EPROTONOSUPPORT'];

/**
 * The kernel has this match of iptables, whose module it loads then. A kernel without nft_compat, as iptables-legacy needs
 * none, does not say.
 */
export async function hasMatch(socket: NetlinkSocket, name: string, revision: number): Promise<boolean> {
	const asked = [
		formatAttribute([NAME, Buffer.from(`${name}\0`)]),
		formatAttribute([REVISION, bigEndian(revision)]),
		formatAttribute([KIND, bigEndian(MATCH)]),
	];
	try {
		await socket.request(GET_EXTENSION, [Buffer.from([AF_INET, 0, 0, 0]), ...asked], { timeout: TIMEOUT_MS });
		return true;
	} catch (error) {
		return !LACKING.includes(errnoOf(error)) && hasModule(`xt_${name}`);
	}
}

function bigEndian(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}
