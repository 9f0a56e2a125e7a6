import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import { type GatewayRouteKind, gatewayRouteOf } from './gateway-route-kind.ts';
import { checkListenerChoice } from './listener-choice.ts';
import { dangling, serviceName } from './reference.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { portsText, type ServicePort, servicePorts } from './service-ports.ts';

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
		...checkListenerChoice(
			{ what: 'virtual gateway', name: gateway.name, listeners: gateway.spec.listeners },
			{ ...found, placeOf: route.placeOf, port: found.route.match.port },
		),
		...(missing.length > 0 ? missing : checkTargetPort(servicePorts(catalog, name), route, found)),
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
	const known = portsText(ports);
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
