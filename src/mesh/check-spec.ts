import { checkGatewayRouteSpec, checkGatewaySpec } from './check-gateway-spec.ts';
import { checkNodeSpec, checkRouterSpec } from './check-node-spec.ts';
import { checkRouteSpec } from './check-route-spec.ts';
import type { Mistake, Resource } from './resource.ts';

/** What is wrong with one resource although each of its fields is as the API has it. */
export function checkSpec(resource: Resource): Mistake[] {
	switch (resource.kind) {
		case 'virtualNode':
			return checkNodeSpec(resource);
		case 'virtualRouter':
			return checkRouterSpec(resource);
		case 'route':
			return checkRouteSpec(resource);
		case 'virtualGateway':
			return checkGatewaySpec(resource);
		case 'gatewayRoute':
			return checkGatewayRouteSpec(resource);
		case 'mesh':
		case 'virtualService':
			return [];
	}
}
