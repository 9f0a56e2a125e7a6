import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { bytesOf } from '../../values/cidr.ts';
import { families } from '../../values/units.ts';
import { readAlive, type TcpSocket, unmapV4 } from '../netlink/sock-diag.ts';
import { readText } from '../sockets/procfs.ts';
import { deleteEntries, listOpenEntries, type Name } from './delete.ts';

/** With more connections than that on a host it is not worth what it takes. */
const MOST_TRACKED = 100_000;
const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';
/** There is a virtual server: it has connections of this host's addresses without a socket. */
const IPVS = '/proc/net/ip_vs';

/**
 * Makes the kernel forget connections of this host that went past us and have ended. What it tracks of one whose end it
 * has not seen, as nobody made it look at that time, stays for days; and a new connection of the same ends would go past
 * us like that one. Those of others, which only pass, and those that anybody translates, are left alone.
 */
export async function dropStaleConntrack(): Promise<void> {
	if (Number(readText(COUNT)) > MOST_TRACKED) return;
	// In this order: of what is tracked and alive there is a socket a moment later, or it has ended.
	const tracked = new Map(await readPassing());
	if (tracked.size === 0) return;
	for (const socket of (await Promise.all(families.map(readAlive))).flat())
		for (const key of keysOf(socket)) tracked.delete(key);
	await deleteEntries([...tracked.values()]);
}

/** Those between this host and others. */
function readPassing(): Promise<(readonly [key: string, name: Name])[]> {
	const own = ownAddresses();
	const isOwn = (bytes: Buffer) => own.has(bytes.toString('hex'));
	const hasServers = existsSync(IPVS);
	return listOpenEntries(({ from, fromPort, to, toPort }, name) => {
		const [isFromHere, isToHere] = [isOwn(from), isOwn(to)];
		// Within the host nothing is captured.
		if (isFromHere === isToHere || (isToHere && hasServers)) return undefined;
		return [keyOf(from, fromPort, to, toPort), name()] as const;
	});
}

/** As it is tracked whoever opened it: in either direction. */
function keysOf(socket: TcpSocket): string[] {
	const { from, to, port, remotePort } = unmapV4(socket);
	return [keyOf(from, port, to, remotePort), keyOf(to, remotePort, from, port)];
}

const keyOf = (from: Buffer, fromPort: number, to: Buffer, toPort: number): string =>
	`${from.toString('hex')} ${fromPort} ${to.toString('hex')} ${toPort}`;

function ownAddresses(): ReadonlySet<string> {
	const all = Object.values(networkInterfaces()).flatMap((found = []) => found);
	return new Set(
		all.map(({ address, family }) =>
			Buffer.from(bytesOf(family === 'IPv4' ? 'ipv4' : 'ipv6', address)).toString('hex'),
		),
	);
}
