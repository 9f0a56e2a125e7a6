import { networkInterfaces } from 'node:os';
import type {
	Connections,
	OpenConnection,
	SocketDetails,
	SocketDetailsRequest,
} from '../../connections/connections.ts';
import { bytesOf, showAddress } from '../../values/cidr.ts';
import type { Family } from '../../values/units.ts';
import { holdersOf } from '../cgroups/find-cgroups.ts';
import { deleteEntries, readTranslatedTo } from '../conntrack/delete.ts';
import type { Tuple } from '../conntrack/entry.ts';
import { insertEntries } from '../conntrack/insert.ts';
import { readTranslations } from '../conntrack/lookup.ts';
import { readInterfaceTo } from '../netlink/route-lookup.ts';
import { destroySockets, LISTEN, readOpen, type TcpSocket, unmapV4 } from '../netlink/sock-diag.ts';
import { readGroups, readText } from './procfs.ts';

/** By sock_diag(7), ctnetlink and /proc. */
export function createConnections(): Connections {
	return {
		open: readConnections,
		async filterOpen(cookies) {
			const sockets = await readOpen();
			return new Set(sockets.filter(isConnected).flatMap(({ cookie }) => (cookies.has(cookie) ? [cookie] : [])));
		},
		async findRedirected(connections, ports) {
			const found = await readTranslations(connections.map(tupleOf));
			return new Set(
				connections.filter(({ isAccepted }, at) => (isAccepted ? found[at] !== undefined : ports.has(found[at] ?? 0))),
			);
		},
		track: (all) => insertEntries(all.map(openerTuple)),
		details: readDetails,
		end: (all) => destroySockets(all.map(({ handle }) => handle)),
	};
}

/**
 * Deletes the conntrack entries of connections redirected to these ports; only for once all of them have ended. An entry
 * stays in TIME_WAIT for two minutes, and as ESTABLISHED for days if its last packets were not seen. The kernel would apply
 * it to a direct connection between the same ends as soon as rules activate conntrack again.
 */
export async function deleteRedirected(ports: ReadonlySet<number>): Promise<void> {
	const local = localAddresses();
	await deleteEntries(await readTranslatedTo(ports, (bytes) => local(addressOf(bytes))));
}

async function readConnections(): Promise<OpenConnection[]> {
	const sockets = await readOpen();
	const listening = new Set(sockets.filter(({ state }) => state === LISTEN).map(({ port }) => port));
	const connected = sockets.filter(isConnected).map(unmapV4);
	const ends = new Set(connected.map((socket) => endsOf(socket, 'outwards')));
	const local = localAddresses();
	const range = ephemeralPorts();
	return connected.map((socket): OpenConnection => {
		const remote = { address: addressOf(socket.to), port: socket.remotePort };
		const { port, uid, inode, cgroup, cookie, handle, isTransparent } = socket;
		return {
			...{ family: familyOf(socket.to), uid, inode, cgroup, cookie, handle, remote, isTransparent },
			local: { address: addressOf(socket.from), port },
			// A client's port is from the ephemeral range, and nobody listens on it.
			isAccepted: listening.has(port) || port < range.from || port > range.to,
			isHostLocal: local(remote.address) || ends.has(endsOf(socket, 'inwards')),
		};
	});
}

/** Sockets without a process are of ended programs or the kernel's own; neither is ours to end. */
const isConnected = ({ state, inode }: TcpSocket): boolean => state !== LISTEN && inode !== '0';

const endsOf = ({ from, to, port, remotePort }: TcpSocket, way: 'inwards' | 'outwards'): string => {
	const [here, there] = [`${from.toString('hex')} ${port}`, `${to.toString('hex')} ${remotePort}`];
	return way === 'outwards' ? `${here} ${there}` : `${there} ${here}`;
};

function tupleOf({ local, remote, family }: OpenConnection): Tuple {
	const [from, to] = [bytesOf(family, local.address), bytesOf(family, remote.address)].map((bytes) =>
		Buffer.from(bytes),
	);
	return { from: from ?? NONE, fromPort: local.port, to: to ?? NONE, toPort: remote.port };
}
const NONE = Buffer.alloc(0);

function openerTuple(connection: OpenConnection): Tuple {
	const own = tupleOf(connection);
	const { from, fromPort, to, toPort } = own;
	return connection.isAccepted ? { from: to, fromPort: toPort, to: from, toPort: fromPort } : own;
}

const familyOf = (bytes: Buffer): Family => (bytes.length === 4 ? 'ipv4' : 'ipv6');
const addressOf = (bytes: Buffer): string => showAddress(familyOf(bytes), [...bytes]);

async function readDetails(open: readonly OpenConnection[], asked: SocketDetailsRequest): Promise<SocketDetails> {
	const groups = asked.groups ? readGroups() : new Map<string, number>();
	const remotes = new Map(open.map(({ family, remote }) => [remote.address, family]));
	const interfaces = new Map<string, string | undefined>();
	for (const [address, family] of asked.interfaces ? remotes : [])
		interfaces.set(address, await readInterfaceTo(family, address));
	const holders = holdersOf(asked.cgroups);
	return {
		cgroupsOf: ({ cgroup }) => (cgroup === undefined ? undefined : (holders.get(cgroup) ?? [])),
		groupOf: ({ inode }) => groups.get(inode),
		interfaceOf: ({ remote }) => interfaces.get(remote.address),
	};
}

function localAddresses(): (address: string) => boolean {
	const own = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
	return (address) => own.has(address) || address.startsWith('127.') || address === '::1';
}

/** This network namespace's range, or the kernel's default if it cannot be read. */
function ephemeralPorts(): { readonly from: number; readonly to: number } {
	const [from = 32_768, to = 60_999] = readText('/proc/sys/net/ipv4/ip_local_port_range')
		.split(/\s+/)
		.filter(Boolean)
		.map(Number);
	return { from, to };
}
