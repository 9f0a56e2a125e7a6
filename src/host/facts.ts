import { existsSync, readFileSync } from 'node:fs';
import { namesIn } from '../lib/fs.ts';
import type { Ipv6Fact, KernelFacts } from '../reconcile/host.ts';
import type { PortRange } from '../values/units.ts';

/** linux/capability.h: CAP_NET_ADMIN changes rules and routes, iptables-legacy needs CAP_NET_RAW too. */
const CAP_NET_ADMIN = 12n;
const CAP_NET_RAW = 13n;

export const mayChangeNetwork = (): boolean => has(CAP_NET_ADMIN);
export const mayOpenRawSockets = (): boolean => has(CAP_NET_RAW);

function has(capability: bigint): boolean {
	const [, bits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
	return ((BigInt(`0x${bits}`) >> capability) & 1n) === 1n;
}

/** `lack`: what is missing for rules of IPv6; '' where nothing is. */
export function readIpv6(lack: string): Ipv6Fact {
	const addresses = readQuietly('/proc/net/if_inet6');
	if (addresses === undefined) return { hasAddress: false, obstacle: 'IPv6 is off in the kernel', hasRules: false };
	// Columns of if_inet6: address, index, prefix length, scope (00 global, 20 link, 10 host), flags, name.
	const scopes = addresses.split('\n').map((line) => line.split(/\s+/)[3]);
	return { hasAddress: scopes.includes('00'), obstacle: lack === '' ? disabled() : lack, hasRules: lack === '' };
}

function disabled(): string {
	const isDisabled = readQuietly('/proc/sys/net/ipv6/conf/lo/disable_ipv6')?.trim() === '1';
	return isDisabled ? 'IPv6 is off on the loopback interface (sysctl net.ipv6.conf.lo.disable_ipv6)' : '';
}

const bridgeSwitches: readonly string[] = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables'];

/** Kernel settings of this network namespace that the rules depend on (tcp(7), ip(7)). */
export function readKernelFacts(): KernelFacts {
	const read = (name: string) => readQuietly(`/proc/sys/net/ipv4/${name}`)?.trim() ?? '';
	const [from = 0, to = 0] = read('ip_local_port_range').split(/\s+/).map(Number);
	return {
		// 2: SYN cookies for every connection, and not only while the queue is full.
		hasOnlyCookies: read('tcp_syncookies') === '2',
		filtersBridges: bridgeSwitches.some((name) => readQuietly(`/proc/sys/net/bridge/${name}`)?.trim() === '1'),
		...(from > 0 && to >= from ? { callerPorts: { from, to } as PortRange } : {}),
	};
}

/** The interfaces of default routes, by /proc/net/route (destination and mask in columns 1 and 7) and /proc/net/ipv6_route. */
export function readUplinks(): string[] {
	const rows = (path: string) => (readQuietly(path) ?? '').split('\n').map((line) => line.trim().split(/\s+/));
	const ipv4 = rows('/proc/net/route').filter((row) => row[1] === '00000000' && row[7] === '00000000');
	const ipv6 = rows('/proc/net/ipv6_route').filter(([to, bits]) => /^0{32}$/.test(to ?? '') && bits === '00');
	return [...new Set([...ipv4.map(([name = '']) => name), ...ipv6.map((row) => row.at(-1) ?? '')])];
}

/** Interfaces on which the mark counts where a source address is checked (ip-sysctl, src_valid_mark); `all`: on each. */
export const readValidatesMark = (): string[] =>
	namesIn(CONF).filter((name) => readQuietly(`${CONF}/${name}/src_valid_mark`)?.trim() === '1');

const CONF = '/proc/sys/net/ipv4/conf';

function readQuietly(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

/** A kernel with IPv6 disabled by sysctl still has IPv6 sockets; one without IPv6 has none. */
export function hasIpv6Sockets(): boolean {
	return existsSync('/proc/net/if_inet6');
}
