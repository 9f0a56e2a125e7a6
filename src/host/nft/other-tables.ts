import { Protocol } from 'netlink/dist/constants.js';
import { openNetlink } from '../netlink/open-socket.ts';
import { readBaseChains } from './base-chains.ts';

/** Those of iptables-nft, in the families ip and ip6. */
const IPTABLES = ['raw', 'mangle', 'nat', 'filter', 'security'];

/** Tables made with nft that have rules on hooks which matter here, such as `inet firewalld`; none where the kernel does not tell. */
export async function readNftTables(): Promise<readonly string[]> {
	const socket = openNetlink(Protocol.NETFILTER);
	try {
		const chains = await readBaseChains(socket);
		const others = chains.filter(
			({ family, table, rules }) => rules > 0 && (family === 'inet' || !IPTABLES.includes(table)),
		);
		return [...new Set(others.map(({ family, table }) => `${family} ${table}`))];
	} catch {
		return [];
	} finally {
		socket.close();
	}
}
