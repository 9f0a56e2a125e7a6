import type { Listener } from '../../connections/connections.ts';
import { showAddress } from '../../values/cidr.ts';
import { families } from '../../values/units.ts';
import { readAlive, readAliveOn, readListening } from '../netlink/sock-diag.ts';
import { ownerOf } from './procfs.ts';

/** All TCP listeners in this network namespace. */
export async function readListeners(): Promise<Listener[]> {
	const all = families.map(async (family): Promise<Listener[]> => {
		const sockets = await readListening(family);
		return sockets.map(({ from, port, isIpv6Only, isTransparent, uid, inode }) => {
			const address = showAddress(family, [...from]);
			return { family, address, port, isIpv6Only, isTransparent, uid, owner: () => ownerOf(inode) };
		});
	});
	return (await Promise.all(all)).flat();
}

/**
 * The number of open connections accepted on these ports. The kernel filters by port, but where those of transparent sockets
 * are counted too, which may be on any.
 */
export async function countAccepted(ports: readonly number[], withTransparent = false): Promise<number> {
	if (withTransparent) {
		const alive = (await Promise.all(families.map(readAlive))).flat();
		return alive.filter(({ port, isTransparent }) => isTransparent === true || ports.includes(port)).length;
	}
	const all = ports.flatMap((port) => families.map((family) => readAliveOn(port, family)));
	return (await Promise.all(all)).flat().length;
}
