import type { Catalog } from './catalog.ts';
import { type Fault, faultOf } from './fault.ts';
import { checkGatewayRoute } from './gateway-references.ts';
import { checkTarget, dangling, serviceName } from './reference.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { checkRoute } from './route-references.ts';

/** What AWS found out at run time or never: names that nothing has, protocols and ports that do not fit together. */
export const checkReferences = (catalog: Catalog): Fault[] => [
	...catalog.all('virtualService').flatMap((service) => faultOf(service, checkService(catalog, service))),
	...catalog.all('route').flatMap((route) => faultOf(route, checkRoute(catalog, route))),
	...catalog.all('gatewayRoute').flatMap((route) => faultOf(route, checkGatewayRoute(catalog, route))),
];

function checkService(catalog: Catalog, service: ResourceOf<'virtualService'>): Mistake[] {
	const { virtualNode, virtualRouter } = service.spec.provider ?? {};
	const path = 'spec.provider';
	if (virtualRouter !== undefined) {
		const name = virtualRouter.virtualRouterName;
		return dangling(catalog, {
			from: service,
			path: `${path}.virtualRouter.virtualRouterName`,
			to: 'virtualRouter',
			name,
		});
	}
	if (virtualNode === undefined) return [];
	const at = `${path}.virtualNode.virtualNodeName`;
	return checkTarget(catalog, { from: service, path: at, to: 'virtualNode', name: virtualNode.virtualNodeName });
}

/** Backends whose service is not there: App Mesh left them out, as two services may call each other and one is made first. */
export const missingBackends = (catalog: Catalog): Mistake[] =>
	catalog.all('virtualNode').flatMap((node) => missingOf(catalog, node));

export const missingOf = (catalog: Catalog, node: ResourceOf<'virtualNode'>): Mistake[] =>
	(node.spec.backends ?? []).flatMap(({ virtualService }, at) => {
		const name = serviceName(virtualService?.virtualServiceName ?? '');
		const path = `spec.backends[${at}].virtualService.virtualServiceName`;
		return dangling(catalog, { from: node, path, to: 'virtualService', name });
	});
