import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Listener } from '../ports.ts';
import type { Family } from '../units.ts';

/** TCP_LISTEN (net/tcp_states.h) as /proc/net/tcp writes it. */
const LISTEN = '0A';

/** Everything that listens on TCP in this network namespace (proc_net(5), tcp and tcp6). */
export function readListeners(): Listener[] {
	return [...parse('/proc/net/tcp', 'ipv4'), ...parse('/proc/net/tcp6', 'ipv6')];
}

function parse(path: string, family: Family): Listener[] {
	return readText(path)
		.split('\n')
		.slice(1)
		.map((line) => line.trim().split(/\s+/))
		.filter((columns) => columns[3] === LISTEN)
		.map((columns) => {
			const [address = '', port = ''] = String(columns[1]).split(':');
			const inode = String(columns[9]);
			return { family, address, port: Number.parseInt(port, 16), uid: Number(columns[7]), owner: () => ownerOf(inode) };
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
