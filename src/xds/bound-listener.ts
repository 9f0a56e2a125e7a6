import { blackholeCluster } from './app-mesh-names.ts';
import { tcpProxy } from './filters.ts';
import type { RenderOptions } from './render-options.ts';
import { type JsonObject, type Listener, socketAddress } from './snapshot.ts';

/** What changes with the definitions; Envoy can take it over without ending connections of other chains. */
export interface Chains {
	readonly filterChains: readonly JsonObject[];
	readonly defaultFilterChain?: JsonObject;
}

interface Bound {
	readonly name: string;
	readonly direction: 'INBOUND' | 'OUTBOUND';
	readonly port: number;
	readonly addresses: readonly [string, ...string[]];
	readonly listenerFilters: readonly JsonObject[];
	/** Matches of connections to the listener itself. */
	readonly loops: readonly JsonObject[];
	readonly isTransparent?: boolean;
}

/**
 * A listener for redirected connections. A change of any of its own fields would end every connection that it has, so none
 * depends on the definitions.
 */
export function boundListener(bound: Bound, { filterChains, defaultFilterChain }: Chains): Listener {
	const { name, direction, port, addresses, listenerFilters, loops, isTransparent = false } = bound;
	const [first, ...others] = addresses;
	return {
		...{ name, trafficDirection: direction, address: socketAddress(first, port) },
		additionalAddresses: others.map((address) => ({ address: socketAddress(address, port) })),
		// App Mesh's users know the statistics `listener.0.0.0.0_15001.…`, wherever it is bound.
		statPrefix: `0.0.0.0_${port}`,
		// Binds ::1 even while a sysctl disables IPv6; it is reachable once IPv6 is enabled again (IP_FREEBIND, ip(7)).
		freebind: true,
		...(isTransparent ? { transparent: true } : {}),
		listenerFilters,
		filterChains: [...loops.map(closedLoop), ...filterChains],
		...(defaultFilterChain === undefined ? {} : { defaultFilterChain }),
	};
}

/** A connection to the listener itself would be forwarded to the listener in an endless loop; it is closed instead. */
const closedLoop = (filterChainMatch: JsonObject, at: number): JsonObject => ({
	name: `loop_${at}`,
	filterChainMatch,
	filters: [tcpProxy('loop', { cluster: blackholeCluster }, [])],
});

/** Any host may connect: captured traffic of others arrives here. */
export const ingressAddresses = ({ hasIpv6 }: RenderOptions): readonly [string, ...string[]] =>
	hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];

/** REDIRECT sends this host's own connections to the loopback, which no other host can reach (iptables-extensions(8)). */
export function egressAddresses({ hasIpv6, capturesBridges }: RenderOptions): readonly [string, ...string[]] {
	if (capturesBridges) return hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
	return hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}
