import type { Cidr } from '../values/cidr.ts';
import type { IdRange, InterfaceName, Port, PortRange } from '../values/units.ts';

/** What is to be captured. `Config` satisfies it once the names of users and groups are looked up. */
export interface Capture {
	readonly appPorts: readonly PortRange[] | '*';
	readonly ingressIgnoredPorts: readonly PortRange[];
	readonly ingressIgnoredIps: readonly Cidr[];
	readonly ingressPort: Port;
	readonly egressPort: Port;
	readonly ignoreUids: readonly IdRange[];
	readonly ignoreGids: readonly IdRange[];
	readonly onlyUids: readonly IdRange[];
	readonly onlyGids: readonly IdRange[];
	readonly egressIgnoredIps: readonly Cidr[];
	readonly egressIgnoredPorts: readonly PortRange[];
	readonly egressOnlyIps: readonly Cidr[];
	readonly egressOnlyPorts: readonly PortRange[];
	readonly interfacesIgnored: readonly InterfaceName[];
	readonly bridges: readonly InterfaceName[];
	readonly guard: boolean;
	readonly envoy: { readonly runtime: 'none' | 'process' | 'docker' };
	/** Of the host: the ports that it gives to those who call others (sysctl net.ipv4.ip_local_port_range). */
	readonly callerPorts?: PortRange;
	/** Of the host: it answers each connection with a SYN cookie (sysctl net.ipv4.tcp_syncookies is 2). */
	readonly hasOnlyCookies?: boolean;
}
