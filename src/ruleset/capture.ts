import type { Cidr } from '../values/cidr.ts';
import type { Unit, UnitCgroup } from '../values/unit-name.ts';
import type { IdRange, InterfaceName, Port, PortRange } from '../values/units.ts';

export type IngressMode = 'redirect' | 'tproxy';
/** Who sees the client's address: Envoy alone, or the application too. */
export type KeepClient = 'envoy' | 'application';

/** What to capture. `Config` satisfies it once names of users and groups are resolved. */
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
	readonly ignoreUnits: readonly Unit[];
	readonly onlyUnits: readonly Unit[];
	readonly egressIgnoredIps: readonly Cidr[];
	readonly egressIgnoredPorts: readonly PortRange[];
	readonly egressOnlyIps: readonly Cidr[];
	readonly egressOnlyPorts: readonly PortRange[];
	readonly interfacesIgnored: readonly InterfaceName[];
	readonly bridges: readonly InterfaceName[];
	readonly guard: boolean;
	/** `tproxy`: inbound connections reach Envoy with their addresses as they are, on a transparent listener. */
	readonly ingressMode: IngressMode;
	readonly ingressKeepClient: KeepClient;
	/** Of packets on their way back to Envoy, where the application sees the client's address. */
	readonly mark: number;
	readonly envoy: { readonly runtime: 'none' | 'process' | 'docker' };
	/** Where the daemon itself gets its definitions from: ports of etcd. */
	readonly etcdPorts?: readonly PortRange[];
	/** Fact of the host: those of these units that are there. */
	readonly cgroups?: readonly UnitCgroup[];
	/** Fact of the host: its ephemeral ports (sysctl net.ipv4.ip_local_port_range). */
	readonly callerPorts?: PortRange;
	/** Fact of the host: rules can look up lists in sets, those of nft or of ipset(8). */
	readonly hasSets?: boolean;
	/** Fact of the host: it answers every SYN with a SYN cookie (sysctl net.ipv4.tcp_syncookies is 2). */
	readonly hasOnlyCookies?: boolean;
	/** Fact of the host: br_netfilter shows the packets of bridges to the rules (sysctl net.bridge.bridge-nf-call-iptables). */
	readonly filtersBridges?: boolean;
}
