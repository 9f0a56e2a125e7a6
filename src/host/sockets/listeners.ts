import type { Listener } from '../../connections/connections.ts';
import { showAddress } from '../../values/cidr.ts';
import { families } from '../../values/units.ts';
import { readAliveOn, readListening } from '../netlink/sock-diag.ts';
import { ownerOf } from './procfs.ts';

/** All TCP listeners in this network namespace. */
export async function readListeners(): Promise<Listener[]> {
	const all = families.map(async (family): Promise<Listener[]> => {
		const sockets = await readListening(family);
		return sockets.map(({ from, port, isIpv6Only, uid, inode }) => {
			const address = showAddress(family, [...from]);
			return { family, address, port, isIpv6Only, uid, owner: () => ownerOf(inode) };
		});
	});
	return (await Promise.all(all)).flat();
}

/** The number of open connections accepted on these ports. The kernel filters by port. */
export async function countAccepted(ports: readonly number[]): Promise<number> {
	const all = ports.flatMap((port) => families.map((family) => readAliveOn(port, family)));
	return (await Promise.all(all)).flat().length;
}
