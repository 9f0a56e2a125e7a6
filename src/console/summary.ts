import { gatewayRouteOf } from '../mesh/gateway-route-kind.ts';
import type { Resource } from '../mesh/resource.ts';
import { routeOf } from '../mesh/route-kind.ts';
import { matchText } from '../mesh/show/match-text.ts';

/** The most important of a resource, on one line. */
export function summaryOf(resource: Resource): string {
	switch (resource.kind) {
		case 'mesh':
			return `egress: ${resource.spec.egressFilter?.type ?? 'DROP_ALL'}`;
		case 'virtualService':
			return providerText(resource.spec.provider ?? {});
		case 'virtualNode': {
			const { serviceDiscovery, listeners = [], backends = [] } = resource.spec;
			const host = serviceDiscovery?.dns?.hostname ?? 'no service discovery';
			return [
				host,
				...listeners.map(listenerText),
				`${backends.length} ${backends.length === 1 ? 'backend' : 'backends'}`,
			].join(', ');
		}
		case 'virtualRouter':
		case 'virtualGateway':
			return (resource.spec.listeners ?? []).map(listenerText).join(', ') || 'no listener';
		case 'route': {
			const found = routeOf(resource.spec);
			const targets = (found?.targets ?? []).map(({ virtualNode, weight }) => `${virtualNode} ${weight}`);
			return `${matchText(found)} → ${targets.join(', ')}`;
		}
		case 'gatewayRoute': {
			const found = gatewayRouteOf(resource.spec);
			return `${matchText(found)} → ${found?.route.action.target.virtualService.virtualServiceName ?? ''}`;
		}
	}
}

const listenerText = ({
	portMapping,
}: {
	readonly portMapping: { readonly port: number; readonly protocol: string };
}) => `${portMapping.protocol} ${portMapping.port}`;

function providerText({
	virtualNode,
	virtualRouter,
}: NonNullable<(Resource & { kind: 'virtualService' })['spec']['provider']>): string {
	if (virtualRouter !== undefined) return `router ${virtualRouter.virtualRouterName}`;
	return virtualNode === undefined ? 'no provider' : `node ${virtualNode.virtualNodeName}`;
}
