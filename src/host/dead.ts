import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { bytesOf } from '../cidr.ts';
import { families } from '../units.ts';
import { forgetTracked, readUntranslated, type Tuple } from './conntrack.ts';
import { readAlive } from './sock-diag.ts';

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
export async function forgetDead(): Promise<void> {
	if (readCount() > MOST_TRACKED) return;
	// In this order: of what is tracked and alive there is a socket a moment later, or it has ended.
	const tracked = await readUntranslated();
	const alive = new Set((await Promise.all(families.map(readAlive))).flat().flatMap(keysOf));
	const own = ownAddresses();
	const isOwn = (bytes: Buffer) => own.has(bytes.toString('hex'));
	const hasServers = existsSync(IPVS);
	const isDead = ({ ends }: { readonly ends: Tuple }) => {
		const [isFromHere, isToHere] = [isOwn(ends.from), isOwn(ends.to)];
		// Within the host nothing is captured.
		if (isFromHere === isToHere || (isToHere && hasServers)) return false;
		return !alive.has(keyOf(ends.from, ends.fromPort, ends.to, ends.toPort));
	};
	await forgetTracked(tracked.filter(isDead));
}

function readCount(): number {
	try {
		return Number(readFileSync(COUNT, 'utf8'));
	} catch {
		return 0;
	}
}

/** As it is tracked whoever opened it: in either direction. */
const keysOf = (socket: {
	readonly from: Buffer;
	readonly to: Buffer;
	readonly port: number;
	readonly remotePort: number;
}) => {
	const [from, to] = [plain(socket.from), plain(socket.to)];
	return [keyOf(from, socket.port, to, socket.remotePort), keyOf(to, socket.remotePort, from, socket.port)];
};

const keyOf = (from: Buffer, fromPort: number, to: Buffer, toPort: number): string =>
	`${from.toString('hex')} ${fromPort} ${to.toString('hex')} ${toPort}`;

/** IPv4 on a socket of IPv6 (RFC 4291, 2.5.5.2) is tracked as IPv4. */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');
const plain = (bytes: Buffer): Buffer =>
	bytes.length === 16 && bytes.subarray(0, 12).equals(MAPPED) ? bytes.subarray(12) : bytes;

function ownAddresses(): ReadonlySet<string> {
	const all = Object.values(networkInterfaces()).flatMap((found = []) => found);
	return new Set(
		all.map(({ address, family }) =>
			Buffer.from(bytesOf(family === 'IPv4' ? 'ipv4' : 'ipv6', address)).toString('hex'),
		),
	);
}
