import type { Listener } from '../../connections/connections.ts';
import { showAddress } from '../../values/cidr.ts';
import { readAlive, readAliveOn, readListening } from '../netlink/sock-diag.ts';
import { ownerOf } from './procfs.ts';

/** All TCP listeners in this network namespace. */
export async function readListeners(): Promise<Listener[]> {
	const sockets = await readListening();
	return sockets.map(({ family, from, port, isIpv6Only, isTransparent, uid, inode }) => {
		const address = showAddress(family, [...from]);
		return { family, address, port, isIpv6Only, isTransparent, uid, owner: () => ownerOf(inode) };
	});
}

/**
 * The number of open connections accepted on these ports. The kernel filters by port, but where those of transparent sockets
 * are counted too, which may be on any.
 */
export async function countAccepted(ports: readonly number[], withTransparent = false): Promise<number> {
	if (withTransparent) {
		const alive = await readAlive();
		return alive.filter(({ port, isTransparent }) => isTransparent === true || ports.includes(port)).length;
	}
	return (await Promise.all(ports.map(readAliveOn))).flat().length;
}
