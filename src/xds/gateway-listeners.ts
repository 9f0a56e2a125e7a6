import type { GatewayView } from '../mesh/resolve-gateway.ts';
import { accessLogOf } from './access-log.ts';
import {
	egressListener,
	egressRoutes,
	ingressListener,
	ingressRoutes,
	ingressStatistics,
	selfRedirectCluster,
} from './app-mesh-names.ts';
import { boundListener, ingressAddresses } from './bound-listener.ts';
import { limitsOf } from './circuit-breakers.ts';
import { httpConnections } from './filters.ts';
import { toItself } from './http2.ts';
import type { RenderOptions } from './render-options.ts';
import { type Cluster, endpoints, type Listener } from './snapshot.ts';
import { chainsWithTls, permissiveInspectors } from './tls-chains.ts';

type GatewayListener = GatewayView['gateway']['spec']['listeners'][number];

/** On the gateway's own port: nothing redirects connections to it. */
export function gatewayIngressListener(
	{ gateway }: GatewayView,
	listener: GatewayListener,
	options: RenderOptions,
): Listener {
	const { port, protocol } = listener.portMapping;
	const accessLog = accessLogOf(gateway.spec);
	const statPrefix = ingressStatistics(gateway.spec.listeners, listener);
	const chain = {
		name: `ingress_${protocol}_${port}`,
		filterChainMatch: { destinationPort: port },
		filters: [
			httpConnections({ statPrefix, routes: ingressRoutes(listener), accessLog, hasTracing: options.hasTracing }),
		],
	};
	const bound = {
		...({ name: ingressListener(port), direction: 'INBOUND', port, addresses: ingressAddresses(options) } as const),
		...{ listenerFilters: permissiveInspectors([listener]), loops: [] },
	};
	return boundListener(bound, { filterChains: chainsWithTls(chain, listener) });
}

/** For the gateway's own listeners alone. It logs nothing, as they have logged each request. */
export function gatewayEgressListener({ egressPort: port, hasTracing }: RenderOptions): Listener {
	const filter = httpConnections({ statPrefix: 'egress', routes: egressRoutes(port), accessLog: [], hasTracing });
	const bound = {
		...({ name: egressListener(port), direction: 'OUTBOUND', port, addresses: ['127.0.0.1'] } as const),
		...{ listenerFilters: [], loops: [] },
	};
	return boundListener(bound, { filterChains: [{ name: `egress_http_${port}`, filters: [filter] }] });
}

/** `connectionPool`: what the gateway bears. */
export function selfRedirect(
	{ mesh, gateway }: GatewayView,
	listener: GatewayListener,
	{ egressPort }: RenderOptions,
): Cluster {
	const names = { mesh, name: gateway.name, listeners: gateway.spec.listeners };
	const name = selfRedirectCluster(names, listener, egressPort);
	return {
		...{ name, type: 'STATIC', connectTimeout: '0.25s' },
		...limitsOf(listener),
		...toItself(listener.portMapping.protocol),
		loadAssignment: endpoints(name, '127.0.0.1', egressPort),
	};
}
