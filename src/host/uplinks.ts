import { readQuietly } from '../lib/fs.ts';

/** The interfaces of default routes, by /proc/net/route (destination and mask in columns 1 and 7) and /proc/net/ipv6_route. */
export function readUplinks(): string[] {
	const rows = (path: string) => (readQuietly(path) ?? '').split('\n').map((line) => line.trim().split(/\s+/));
	const ipv4 = rows('/proc/net/route').filter((row) => row[1] === '00000000' && row[7] === '00000000');
	const ipv6 = rows('/proc/net/ipv6_route').filter(([to, bits]) => /^0{32}$/.test(to ?? '') && bits === '00');
	return [...new Set([...ipv4.map(([name = '']) => name), ...ipv6.map((row) => row.at(-1) ?? '')])];
}
