import { Protocol } from 'netlink/dist/constants.js';
import { createSingleFlight } from '../../lib/single-flight.ts';
import { eachAttribute } from '../netlink/attributes.ts';
import { type Lister, openLister } from '../netlink/dump.ts';

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, NFTA_TABLE_NAME, NFTA_TABLE_FLAGS, NFT_TABLE_F_DORMANT (nf_tables.h). */
const GET_TABLE = (10 << 8) | 1;
const NAME = 1;
const FLAGS = 2;
const DORMANT = 1;
/** sizeof(struct nfgenmsg), whose first byte is the family. */
const FIXED_BYTES = 4;
const FAMILIES: Readonly<Record<number, string | undefined>> = { 2: 'ip', 10: 'ip6' };

/** Tables of nft-backed iptables that somebody has made dormant: their chains are not active. The socket stays open. */
export function createDormantReader(): () => Promise<readonly string[]> {
	let lister: Lister | undefined;
	return createSingleFlight(async () => {
		const found: string[] = [];
		try {
			lister ??= openLister(Protocol.NETFILTER);
			await lister.list(GET_TABLE, [Buffer.alloc(FIXED_BYTES)], (_, bytes, from, to) => {
				const name = dormantIn(bytes, from, to);
				if (name !== undefined) found.push(name);
			});
			return found;
		} catch {
			lister?.close();
			lister = undefined;
			return [];
		}
	});
}

function dormantIn(bytes: Buffer, from: number, to: number): string | undefined {
	const family = FAMILIES[bytes[from] ?? 0];
	let [name, flags] = ['', 0];
	eachAttribute(bytes, from + FIXED_BYTES, to, (kind, start, end) => {
		if (kind === NAME) name = bytes.toString('utf8', start, end - 1);
		if (kind === FLAGS) flags = bytes.readUInt32BE(start);
	});
	const isDormant = family !== undefined && (flags & DORMANT) !== 0 && (name === 'nat' || name === 'mangle');
	return isDormant ? `${family} ${name}` : undefined;
}
