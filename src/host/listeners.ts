import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Listener } from '../ports.ts';
import { families } from '../units.ts';
import { readListening } from './sock-diag.ts';

/** Socket states (net/tcp_states.h) as /proc/net/tcp writes them. */
const LISTEN = '0A';
/** TIME_WAIT and CLOSE: nobody has them open any more. */
const ENDED = ['06', '07'];

/** Everything that listens on TCP in this network namespace. */
export async function readListeners(): Promise<Listener[]> {
	const found: Listener[] = [];
	for (const family of families)
		for (const { port, uid, inode } of await readListening(family))
			found.push({ family, port, uid, owner: () => ownerOf(inode) });
	return found;
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
