import { namesIn, readQuietly } from '../lib/fs.ts';
import type { KernelFacts } from '../reconcile/host.ts';
import type { PortRange } from '../values/units.ts';

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

/** Interfaces on which the mark counts where a source address is checked (ip-sysctl, src_valid_mark); `all`: on each. */
export const readValidatesMark = (): string[] =>
	namesIn(CONF).filter((name) => readQuietly(`${CONF}/${name}/src_valid_mark`)?.trim() === '1');

const CONF = '/proc/sys/net/ipv4/conf';
