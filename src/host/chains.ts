import { Protocol } from 'netlink/dist/constants.js';
import { createNetlink } from 'netlink/dist/netlink.js';
import type { Family } from '../units.ts';
import { errnoOf } from './errno.ts';

/** nfproto (linux/netfilter.h). */
const NFPROTO = { ipv4: 2, ipv6: 10 } as const;
/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN (linux/netfilter/nf_tables.h). */
const GET_CHAIN = (10 << 8) | 4;
const NFTA_CHAIN_TABLE = 1;
const NFTA_CHAIN_NAME = 3;
const TIMEOUT_MS = 2_000;

/** Whether a table of nft-backed iptables has a chain; `iptables-nft-save` shows built-in ones that are not there. */
export async function hasChain(family: Family, table: string, chain: string): Promise<boolean> {
	const socket = createNetlink(Protocol.NETFILTER);
	// struct nfgenmsg: family, version, resource id.
	const header = Buffer.from([NFPROTO[family], 0, 0, 0]);
	const body = [header, attribute(NFTA_CHAIN_TABLE, table), attribute(NFTA_CHAIN_NAME, chain)];
	try {
		await socket.request(GET_CHAIN, body, { timeout: TIMEOUT_MS });
		return true;
	} catch (error) {
		// Where the kernel does not answer, what is there is taken for somebody else's.
		return errnoOf(error) !== 'ENOENT';
	} finally {
		socket.close();
	}
}

/** struct nlattr: length, type, then the text with its closing zero, padded to four bytes (linux/netlink.h). */
function attribute(type: number, text: string): Buffer {
	const length = 4 + Buffer.byteLength(text) + 1;
	const bytes = Buffer.alloc(Math.ceil(length / 4) * 4);
	bytes.writeUInt16LE(length, 0);
	bytes.writeUInt16LE(type, 2);
	bytes.write(text, 4);
	return bytes;
}
