import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import { type GatewayRouteKind, gatewayRouteOf } from './gateway-route-kind.ts';
import { dangling, serviceName } from './reference.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { type ServicePort, servicePorts } from './service-ports.ts';

type GatewayRoute = ResourceOf<'gatewayRoute'>;

export function checkGatewayRoute(catalog: Catalog, route: GatewayRoute): Mistake[] {
	const gateway = catalog.get('virtualGateway', route.parent);
	if (gateway === undefined)
		return dangling(catalog, { from: route, path: 'virtualGatewayName', to: 'virtualGateway', name: route.parent });
	const found = gatewayRouteOf(route.spec);
	if (found === undefined) return [];
	const name = serviceName(found.route.action.target.virtualService.virtualServiceName);
	const path = `spec.${found.key}.action.target.virtualService.virtualServiceName`;
	const missing = dangling(catalog, { from: route, path, to: 'virtualService', name });
	return [
		...checkListener(gateway, route, found),
		...(missing.length > 0 ? missing : checkTargetPort(servicePorts(catalog, name), route, found)),
	];
}

function checkListener(
	{ name, spec }: ResourceOf<'virtualGateway'>,
	route: GatewayRoute,
	found: GatewayRouteKind,
): Mistake[] {
	const { port } = found.route.match;
	const place = route.placeOf(`spec.${found.key}.match.port`);
	const known = spec.listeners.map(({ portMapping }) => `${portMapping.port} (${portMapping.protocol})`).join(', ');
	const gateway = `virtual gateway ${quote(name)}`;
	if (port === undefined) {
		if (spec.listeners.length === 1) return checkProtocol(spec.listeners, route, found);
		const why = `${gateway} has several listeners, and the route does not say for which one it is`;
		return [{ ...place, why, hint: `write match.port: ${known}` }];
	}
	const chosen = spec.listeners.filter(({ portMapping }) => portMapping.port === port);
	if (chosen.length > 0) return checkProtocol(chosen, route, found);
	return [{ ...place, why: `${gateway} does not listen on ${port}`, hint: `it has ${known}` }];
}

function checkProtocol(
	listeners: ResourceOf<'virtualGateway'>['spec']['listeners'],
	route: GatewayRoute,
	{ key, protocol }: GatewayRouteKind,
): Mistake[] {
	const protocols = listeners.map(({ portMapping }) => portMapping.protocol);
	if (protocols.includes(protocol)) return [];
	const why = `${key} does not fit virtual gateway ${quote(route.parent)}, which has ${protocols.join(', ')}`;
	return [
		{ ...route.placeOf(`spec.${key}`), why, hint: "use the route of the gateway's protocol, or change its listener" },
	];
}

function checkTargetPort(
	ports: readonly ServicePort[],
	route: GatewayRoute,
	{ key, route: { action } }: GatewayRouteKind,
): Mistake[] {
	const { port, virtualService } = action.target;
	const service = `virtual service ${quote(serviceName(virtualService.virtualServiceName))}`;
	const place = route.placeOf(`spec.${key}.action.target`);
	const known = ports.map((each) => `${each.port} (${each.protocol})`).join(', ');
	// Without a provider it answers 404, as in App Mesh.
	if (ports.length === 0) return [];
	if (port === undefined && ports.length > 1)
		return [{ ...place, why: `${service} has several ports`, hint: `write target.port: ${known}` }];
	const chosen = port === undefined ? ports[0] : ports.find((each) => each.port === port);
	if (chosen === undefined) {
		const hint = `it has ${known} (aws-app-mesh-roadmap #93)`;
		return [{ ...place, why: `${service} has no port ${port}`, hint }];
	}
	if (chosen.protocol !== 'tcp') return [];
	return [
		{ ...place, why: `${service} takes tcp, which a gateway has no routes for`, hint: 'choose a port with http' },
	];
}
