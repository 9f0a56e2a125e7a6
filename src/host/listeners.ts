import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Listener } from '../ports.ts';
import type { Family } from '../units.ts';

/** Socket states (net/tcp_states.h) as /proc/net/tcp writes them. */
const LISTEN = '0A';
/** TIME_WAIT and CLOSE: nobody has them open any more. */
const ENDED = ['06', '07'];

/** Everything that listens on TCP in this network namespace (proc_net(5), tcp and tcp6). */
export function readListeners(): Listener[] {
	return readSockets()
		.filter(({ state }) => state === LISTEN)
		.map(({ family, address, port, uid, inode }) => ({ family, address, port, uid, owner: () => ownerOf(inode) }));
}

/** How many connections that were accepted on these ports are open. */
export const countAccepted = (ports: readonly number[]): number =>
	readSockets().filter(({ port, state }) => ports.includes(port) && state !== LISTEN && !ENDED.includes(state)).length;

interface SocketLine {
	readonly family: Family;
	readonly address: string;
	readonly port: number;
	readonly state: string;
	readonly uid: number;
	readonly inode: string;
}

const readSockets = (): SocketLine[] => [...parse('/proc/net/tcp', 'ipv4'), ...parse('/proc/net/tcp6', 'ipv6')];

function parse(path: string, family: Family): SocketLine[] {
	const lines = readText(path).split('\n').slice(1).filter(Boolean);
	return lines.map((line) => {
		const [, local = '', , state = '', , , , uid, , inode = ''] = line.trim().split(/\s+/);
		const [address = '', port = ''] = local.split(':');
		return { family, address, port: Number.parseInt(port, 16), state, uid: Number(uid), inode };
	});
}

/** The process that holds the socket; looked up only when someone is to be told. */
function ownerOf(inode: string): string {
	const pid = readdir('/proc')
		.filter((name) => /^\d+$/.test(name))
		.find((process) => holdsSocket(process, inode));
	return pid === undefined ? 'unknown' : `${readText(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
}

const holdsSocket = (pid: string, inode: string): boolean =>
	readdir(`/proc/${pid}/fd`).some((fd) => readLink(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);

/** Processes come and go, and those of others may be closed to us: what cannot be read tells nothing. */
const readdir = (path: string): string[] => quietly(() => readdirSync(path), []);
const readLink = (path: string): string => quietly(() => readlinkSync(path), '');
const readText = (path: string): string => quietly(() => readFileSync(path, 'utf8'), '');

function quietly<T>(read: () => T, otherwise: T): T {
	try {
		return read();
	} catch {
		return otherwise;
	}
}
