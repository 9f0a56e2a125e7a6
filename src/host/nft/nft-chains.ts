import { Protocol } from 'netlink/dist/constants.js';
import type { NetlinkSocket } from 'netlink/dist/netlink.js';
import type { Family } from '../../values/units.ts';
import { errnoOf } from '../netlink/errno.ts';
import { openNetlink } from '../netlink/open-socket.ts';

/** nfproto (linux/netfilter.h). */
const NFPROTO = { ipv4: 2, ipv6: 10 } as const;
/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN (linux/netfilter/nf_tables.h). */
const GET_CHAIN = (10 << 8) | 4;
/** NFTA_CHAIN_TABLE and NFTA_RULE_TABLE. */
const TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const TIMEOUT_MS = 2_000;

/** Whether a table of nft-backed iptables has a chain; `iptables-nft-save` also prints built-in ones that do not exist. */
export async function hasChain(family: Family, table: string, chain: string): Promise<boolean> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		return await findsChain(socket, family, table, chain);
	} finally {
		socket.close();
	}
}

/** The same over an open socket. */
export async function findsChain(
	socket: NetlinkSocket,
	family: Family,
	table: string,
	chain: string,
): Promise<boolean> {
	try {
		await socket.request(GET_CHAIN, question(family, table, NFTA_CHAIN_NAME, chain), { timeout: TIMEOUT_MS });
		return true;
	} catch (error) {
		// If the kernel does not answer, the chain counts as one that existed before us.
		return errnoOf(error) !== 'ENOENT';
	}
}

/** Asks about a chain of a table: struct nfgenmsg (family, version, resource id), and two attributes. */
export const question = (family: Family, table: string, chainType: number, chain: string): Buffer[] => [
	Buffer.from([NFPROTO[family], 0, 0, 0]),
	attribute(TABLE, table),
	attribute(chainType, chain),
];

/** struct nlattr: length, type, then the text with its closing zero, padded to four bytes (linux/netlink.h). */
function attribute(type: number, text: string): Buffer {
	const length = 4 + Buffer.byteLength(text) + 1;
	const bytes = Buffer.alloc(Math.ceil(length / 4) * 4);
	bytes.writeUInt16LE(length, 0);
	bytes.writeUInt16LE(type, 2);
	bytes.write(text, 4);
	return bytes;
}
