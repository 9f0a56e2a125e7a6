import type { Backend, NodeView } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import {
	allowAllCluster,
	amazonCluster,
	egressCluster,
	egressListener,
	egressRoutes,
	ingressCluster,
	ingressListener,
	ingressRoutes,
} from './app-mesh-names.ts';
import { boundListener, egressAddresses, ingressAddresses, type Listener } from './bound-listener.ts';
import { seconds } from './duration.ts';
import { accessLogOf, httpConnections, tcpProxy } from './filters.ts';
import type { RenderOptions } from './render-options.ts';
import { extension, type JsonObject } from './snapshot.ts';

export function ingressListenerOf(view: NodeView, options: RenderOptions): Listener {
	const { ingressPort: port, egressPort } = options;
	const listeners = (view.node.spec.listeners ?? []).filter(({ portMapping }) => !isOwnPort(options, portMapping.port));
	const bound = {
		...({ name: ingressListener(port), direction: 'INBOUND', port, addresses: ingressAddresses(options) } as const),
		loops: [{ destinationPort: port }, { destinationPort: egressPort }],
	};
	return boundListener(bound, { filterChains: listeners.map((listener) => ingressChain(view, listener)) });
}

/** Nothing but Envoy itself can listen there. */
export const isOwnPort = ({ ingressPort, egressPort }: RenderOptions, port: number): boolean =>
	port === ingressPort || port === egressPort;

function ingressChain(view: NodeView, listener: NodeListener): JsonObject {
	const { port, protocol } = listener.portMapping;
	const { mesh, node } = view;
	const accessLog = accessLogOf(view);
	const idle = Object.values(listener.timeout ?? {}).find((each) => each !== undefined)?.idle;
	const idleTimeout = idle === undefined ? undefined : seconds(idle);
	const tcp = {
		cluster: ingressCluster(mesh, node.name, listener),
		...(idleTimeout === undefined ? {} : { idleTimeout }),
	};
	const http = { statPrefix: 'ingress', routes: ingressRoutes(listener), accessLog, idle: idleTimeout } as const;
	const filter = protocol === 'tcp' ? tcpProxy('ingress', tcp, accessLog) : httpConnections(http);
	return { name: `ingress_${protocol}_${port}`, filterChainMatch: { destinationPort: port }, filters: [filter] };
}

/** Only for the port where names of AWS's own services are told apart: elsewhere it would hold up servers that speak first. */
const tlsInspector: JsonObject = {
	...extension('envoy.filters.listener.tls_inspector', 'extensions.filters.listener.tls_inspector.v3.TlsInspector'),
	filterDisabled: { notMatch: { destinationPortRange: { start: 443, end: 444 } } },
};

/** Whatever may change later is in clusters and routes, as a changed listener ends the connections that it has. */
export function egressListenerOf(
	view: NodeView,
	options: RenderOptions,
	byPort: ReadonlyMap<number, readonly Backend[]>,
): Listener {
	const { egressPort: port } = options;
	const { mesh, egressFilter } = view;
	const accessLog = accessLogOf(view);
	const chains = [...byPort].map(([to, backends]) => egressChain(view, to, backends));
	const amazon = {
		name: 'egress_amazonaws',
		filterChainMatch: { destinationPort: 443, serverNames: ['*.amazonaws.com'] },
		filters: [tcpProxy('egress', { cluster: amazonCluster(mesh) }, accessLog)],
	};
	const allowAll = {
		name: 'egress_allow_all',
		filters: [tcpProxy('egress', { cluster: allowAllCluster(mesh) }, accessLog)],
	};
	const bound = {
		...({ name: egressListener(port), direction: 'OUTBOUND', port, addresses: egressAddresses(options) } as const),
		inspectors: [tlsInspector],
		loops: [{ destinationPort: port, sourceType: 'SAME_IP_OR_LOOPBACK' }],
	};
	return boundListener(bound, {
		filterChains: [...chains, amazon],
		...(egressFilter === 'ALLOW_ALL' ? { defaultFilterChain: allowAll } : {}),
	});
}

function egressChain(view: NodeView, port: number, backends: readonly Backend[]): JsonObject {
	const accessLog = accessLogOf(view);
	const tcp = backends.find(({ protocol }) => protocol === 'tcp');
	const filter =
		tcp === undefined
			? httpConnections({ statPrefix: 'egress', routes: egressRoutes(port), accessLog })
			: tcpProxy('egress', weighted(view, tcp), accessLog);
	return {
		name: `egress_${tcp === undefined ? 'http' : 'tcp'}_${port}`,
		filterChainMatch: { destinationPort: port },
		filters: [filter],
	};
}

function weighted({ mesh }: NodeView, { routes }: Backend): JsonObject {
	const clusters = (routes[0]?.targets ?? []).map(({ node, listener, weight }) => ({
		name: egressCluster(mesh, node.name, listener),
		weight,
	}));
	return { weightedClusters: { clusters: clusters.filter(({ weight }) => weight > 0) } };
}
