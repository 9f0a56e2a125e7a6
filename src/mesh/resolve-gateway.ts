import type { Catalog } from './catalog.ts';
import { type GatewayRouteKind, gatewayRouteOf } from './gateway-route-kind.ts';
import { serviceName } from './reference.ts';
import { type Backend, backendsOf, type EgressView } from './resolve-backends.ts';
import type { ResourceOf } from './resource.ts';

/** What one virtual gateway's Envoy has to do; all that it refers to is looked up. */
export interface GatewayView extends EgressView {
	readonly gateway: ResourceOf<'virtualGateway'>;
	/** In the order in which they are tried. */
	readonly routes: readonly GatewayRoute[];
}

export interface GatewayRoute {
	readonly name: string;
	/** Undefined comes last. */
	readonly priority: number | undefined;
	readonly kind: GatewayRouteKind;
	readonly service: string;
	/** The service on the port that is meant; undefined: it has no provider. */
	readonly target: Backend | undefined;
}

/** Of a catalog whose references were checked. Undefined: the mesh has no such gateway. */
export function resolveGateway(catalog: Catalog, name: string): GatewayView | undefined {
	const gateway = catalog.get('virtualGateway', name);
	if (gateway === undefined) return undefined;
	const tls = gateway.spec.backendDefaults?.clientPolicy?.tls;
	const kinds = catalog.gatewayRoutesOf(name).flatMap((route) => {
		const kind = gatewayRouteOf(route.spec);
		return kind === undefined
			? []
			: [{ name: route.name, priority: route.spec.priority, kind, ...kind.route.action.target }];
	});
	const services = [...new Set(kinds.map(({ virtualService }) => serviceName(virtualService.virtualServiceName)))];
	const byService = new Map(services.map((service) => [service, backendsOf(catalog, service, tls)]));
	return {
		...{ mesh: catalog.mesh, gateway, backends: [...byService.values()].flat() },
		ipPreference: catalog.get('mesh', catalog.mesh)?.spec.serviceDiscovery?.ipPreference,
		routes: kinds.map(({ name: own, priority, kind, port, virtualService }) => {
			const service = serviceName(virtualService.virtualServiceName);
			const target = byService.get(service)?.find((each) => port === undefined || each.port === port);
			return { name: own, priority, kind, service, target };
		}),
	};
}
