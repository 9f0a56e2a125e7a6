import type { NodeView } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { accessLogOf } from './access-log.ts';
import { ingressCluster, ingressListener, ingressRoutes, ingressStatistics } from './app-mesh-names.ts';
import { boundListener, ingressAddresses } from './bound-listener.ts';
import { seconds } from './duration.ts';
import { httpConnections, originalDst, originalSrc, tcpProxy } from './filters.ts';
import type { RenderOptions } from './render-options.ts';
import type { JsonObject, Listener } from './snapshot.ts';
import { chainsWithTls, permissiveInspectors } from './tls-chains.ts';

export function ingressListenerOf(view: NodeView, options: RenderOptions): Listener {
	const { ingressPort: port, egressPort, keepsClient = false, isTransparent = false } = options;
	const listeners = (view.node.spec.listeners ?? []).filter(({ portMapping }) => !isOwnPort(options, portMapping.port));
	const bound = {
		...({ name: ingressListener(port), direction: 'INBOUND', port, addresses: ingressAddresses(options) } as const),
		listenerFilters: [originalDst, ...(keepsClient ? [originalSrc] : []), ...permissiveInspectors(listeners)],
		isTransparent,
		loops: [{ destinationPort: port }, { destinationPort: egressPort }],
	};
	return boundListener(bound, { filterChains: listeners.flatMap((listener) => chainsOf(view, listener, options)) });
}

/** Nothing but Envoy itself can listen there. */
const isOwnPort = ({ ingressPort, egressPort }: RenderOptions, port: number): boolean =>
	port === ingressPort || port === egressPort;

function chainsOf({ mesh, node }: NodeView, listener: NodeListener, options: RenderOptions): JsonObject[] {
	const { hasTracing, keepsClient = false } = options;
	const { port, protocol } = listener.portMapping;
	const accessLog = accessLogOf(node.spec);
	const statPrefix = ingressStatistics(node.spec.listeners ?? [], listener);
	const idle = Object.values(listener.timeout ?? {}).find((each) => each !== undefined)?.idle;
	const idleTimeout = idle === undefined ? undefined : seconds(idle);
	const tcp = {
		cluster: ingressCluster(mesh, node.name, listener),
		...(idleTimeout === undefined ? {} : { idleTimeout }),
		// The client may have another connection with the port that the kernel chooses.
		...(keepsClient ? { maxConnectAttempts: 3 } : {}),
	};
	const http = { statPrefix, routes: ingressRoutes(listener), accessLog, idleTimeout, hasTracing };
	const filter = protocol === 'tcp' ? tcpProxy(statPrefix, tcp, accessLog) : httpConnections(http);
	const chain = { name: `ingress_${protocol}_${port}`, filterChainMatch: { destinationPort: port }, filters: [filter] };
	return chainsWithTls(chain, listener);
}
