import { showAddress } from '../cidr.ts';
import type { Listener } from '../ports.ts';
import { families } from '../units.ts';
import { ownerOf, readText } from './processes.ts';
import { readListening } from './sock-diag.ts';

/** Socket states (net/tcp_states.h) as /proc/net/tcp writes them. */
const LISTEN = '0A';
/** TIME_WAIT and CLOSE: nobody has them open any more. */
const ENDED = ['06', '07'];

/** Everything that listens on TCP in this network namespace. */
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

/** How many connections that were accepted on these ports are open (proc_net(5), tcp and tcp6). */
export const countAccepted = (ports: readonly number[]): number =>
	['/proc/net/tcp', '/proc/net/tcp6'].flatMap(parse).filter(({ port, state }) => ports.includes(port) && isOpen(state))
		.length;

const isOpen = (state: string): boolean => state !== LISTEN && !ENDED.includes(state);

function parse(path: string): { readonly port: number; readonly state: string }[] {
	const lines = readText(path).split('\n').slice(1).filter(Boolean);
	return lines.map((line) => {
		const [, local = '', , state = ''] = line.trim().split(/\s+/);
		return { port: Number.parseInt(local.split(':')[1] ?? '', 16), state };
	});
}
