import { isIP } from 'node:net';
import { addressesOf } from '../mesh/backend-address.ts';
import type { Backend } from '../mesh/resolve-backends.ts';
import type { NodeView } from '../mesh/resolve-node.ts';
import { accessLogOf } from './access-log.ts';
import { allowAllCluster, amazonCluster, blackholeCluster, egressListener, egressRoutes } from './app-mesh-names.ts';
import { boundListener, egressAddresses } from './bound-listener.ts';
import { seconds } from './duration.ts';
import type { EgressClusters } from './egress-clusters.ts';
import { httpConnections, originalDst, tcpProxy, tlsInspector } from './filters.ts';
import type { RenderOptions } from './render-options.ts';
import type { JsonObject, Listener } from './snapshot.ts';

export type ByPort = ReadonlyMap<number, readonly Backend[]>;

/** Whatever may change later is in clusters and routes, as a changed chain ends the connections that it has. */
export function egressListenerOf(
	view: NodeView,
	{ nameOf }: EgressClusters,
	{ byPort, ...options }: RenderOptions & { readonly byPort: ByPort },
): Listener {
	const { egressPort: port } = options;
	const log = accessLogOf(view.node.spec);
	const chains = [...byPort].flatMap(([to, backends]) =>
		backends.some(({ protocol }) => protocol !== 'tcp')
			? [httpChain(to, log, options)]
			: backends.map((backend) => tcpChain(backend, { isOnly: backends.length === 1, nameOf, log })),
	);
	const bound = {
		...({ name: egressListener(port), direction: 'OUTBOUND', port, addresses: egressAddresses(options) } as const),
		listenerFilters: [originalDst, tlsInspector([443])],
		loops: [{ destinationPort: port, sourceType: 'SAME_IP_OR_LOOPBACK' }],
	};
	return boundListener(bound, passThrough(view, chains, log));
}

/** AWS's own services by name, in both modes; `ALLOW_ALL`: wherever else the application meant to go. */
function passThrough({ mesh, egressFilter }: NodeView, chains: readonly JsonObject[], log: readonly JsonObject[]) {
	const amazon = {
		name: 'egress_amazonaws',
		filterChainMatch: { destinationPort: 443, serverNames: ['*.amazonaws.com'] },
		filters: [tcpProxy('egress', { cluster: amazonCluster(mesh) }, log)],
	};
	const allowAll = {
		name: 'egress_allow_all',
		filters: [tcpProxy('egress', { cluster: allowAllCluster(mesh) }, log)],
	};
	return {
		filterChains: [...chains, amazon],
		...(egressFilter === 'ALLOW_ALL' ? { defaultFilterChain: allowAll } : {}),
	};
}

const httpChain = (port: number, accessLog: readonly JsonObject[], { hasTracing }: RenderOptions): JsonObject => ({
	name: `egress_http_${port}`,
	filterChainMatch: { destinationPort: port },
	filters: [httpConnections({ statPrefix: 'egress', routes: egressRoutes(port), accessLog, hasTracing })],
});

interface TcpContext {
	/** On its port. Others are told apart by the addresses that their clients connect to. */
	readonly isOnly: boolean;
	readonly nameOf: EgressClusters['nameOf'];
	readonly log: readonly JsonObject[];
}

function tcpChain(backend: Backend, { isOnly, nameOf, log }: TcpContext): JsonObject {
	const { service, port } = backend;
	const ranges = isOnly ? [] : addressesOf(backend);
	const prefixRanges = ranges.map((address) => ({ addressPrefix: address, prefixLen: isIP(address) === 6 ? 128 : 32 }));
	return {
		name: isOnly ? `egress_tcp_${port}` : `egress_tcp_${port}_${service}`,
		filterChainMatch: { destinationPort: port, ...(ranges.length === 0 ? {} : { prefixRanges }) },
		filters: [tcpProxy('egress', weighted(backend, nameOf), log)],
	};
}

function weighted(backend: Backend, nameOf: EgressClusters['nameOf']): JsonObject {
	const [route] = backend.routes;
	const idle = route?.kind?.key === 'tcpRoute' ? route.kind.route.timeout?.idle : undefined;
	const clusters = (route?.targets ?? [])
		.filter(({ weight }) => weight > 0)
		.map((target) => ({ name: nameOf(backend, target), weight: target.weight }));
	return {
		// A router without a route leads nowhere.
		...(clusters.length === 0 ? { cluster: blackholeCluster } : { weightedClusters: { clusters } }),
		...(idle === undefined ? {} : { idleTimeout: seconds(idle) }),
	};
}
