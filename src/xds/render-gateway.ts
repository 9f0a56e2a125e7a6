import type { GatewayView } from '../mesh/resolve-gateway.ts';
import { egressClusters } from './egress-clusters.ts';
import { gatewayEgressListener, gatewayIngressListener, selfRedirect } from './gateway-listeners.ts';
import { gatewayEgressRoutes, gatewayIngressRoutes } from './gateway-routes.ts';
import type { RenderOptions } from './render-options.ts';
import { named, type Snapshot } from './snapshot.ts';

/**
 * The configuration of one virtual gateway's Envoy. A request passes it twice: gateway routes choose the service and rewrite
 * the request, which then takes the service's own routes as it is now.
 */
export function renderGateway(view: GatewayView, options: RenderOptions): Snapshot {
	const { listeners } = view.gateway.spec;
	const targets = egressClusters(view);
	return {
		cds: named('cds', [...listeners.map((listener) => selfRedirect(view, listener, options)), ...targets.resources]),
		eds: {},
		lds: named('lds', [
			...listeners.map((listener) => gatewayIngressListener(view, listener, options)),
			gatewayEgressListener(options),
		]),
		rds: named('rds', [
			...listeners.map((listener) => gatewayIngressRoutes(view, listener, options)),
			gatewayEgressRoutes(view, targets, options),
		]),
	};
}
