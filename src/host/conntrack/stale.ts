import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { bytesOf } from '../../values/cidr.ts';
import { readAlive, type TcpSocket, unmapV4 } from '../netlink/sock-diag.ts';
import { readText } from '../sockets/procfs.ts';
import { deleteEntries, listOpenEntries, type Name } from './delete.ts';

/** Above this the clean-up costs more than it is worth. */
const MOST_TRACKED = 100_000;
const COUNT = '/proc/sys/net/netfilter/nf_conntrack_count';
/** Exists with IPVS, which has connections of local addresses without a socket. */
const IPVS = '/proc/net/ip_vs';

/**
 * Deletes conntrack entries of this host's connections that bypassed Envoy and have ended. Where conntrack did not see the
 * end, as it was inactive then, the entry stays for days, and a new connection between the same ends would bypass Envoy
 * too. Forwarded connections, and those with NAT, are left alone.
 */
export async function dropStaleConntrack(): Promise<void> {
	if (Number(readText(COUNT)) > MOST_TRACKED) return;
	// Entries first, then sockets: a connection that is tracked and has no socket a moment later has ended.
	const tracked = new Map(await readPassing());
	if (tracked.size === 0) return;
	for (const socket of await readAlive()) for (const key of keysOf(socket)) tracked.delete(key);
	await deleteEntries([...tracked.values()]);
}

/** Entries between this host and others. */
function readPassing(): Promise<(readonly [key: string, name: Name])[]> {
	const own = ownAddresses();
	const isOwn = (bytes: Buffer) => own.has(bytes.toString('hex'));
	const hasServers = existsSync(IPVS);
	return listOpenEntries(({ from, fromPort, to, toPort }, name) => {
		const [isFromHere, isToHere] = [isOwn(from), isOwn(to)];
		// Connections within the host are never captured.
		if (isFromHere === isToHere || (isToHere && hasServers)) return undefined;
		return [keyOf(from, fromPort, to, toPort), name()] as const;
	});
}

/** Both directions, as either end may have opened it. */
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
