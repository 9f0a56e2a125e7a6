import { existsSync } from 'node:fs';
import { readQuietly } from '../lib/fs.ts';
import type { Ipv6Fact } from '../reconcile/host.ts';

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

/** A kernel with IPv6 disabled by sysctl still has IPv6 sockets; one without IPv6 has none. */
export function hasIpv6Sockets(): boolean {
	return existsSync('/proc/net/if_inet6');
}
