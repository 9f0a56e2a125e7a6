import type { Catalog } from './catalog.ts';
import { gatewayRouteOf } from './gateway-route-kind.ts';
import { mistakeAt } from './mistake-at.ts';
import { serviceName } from './reference.ts';
import type { Mistake } from './resource.ts';
import { routeOf } from './route-kind.ts';

/** What nothing leads to. It may be on its way in, or have been forgotten. */
export function unusedWarnings(catalog: Catalog): Mistake[] {
	const { services, routers, nodes } = usedNames(catalog);
	return [
		...catalog
			.all('virtualService')
			.flatMap((service) => [
				...(services.has(service.name)
					? []
					: [
							mistakeAt(
								service,
								[],
								'no backend and no gateway route names it',
								'name it by spec.backends of its clients',
							),
						]),
				...(service.spec.provider === undefined
					? [mistakeAt(service, ['spec'], 'it has no provider, so that requests to it fail', 'give it a provider')]
					: []),
			]),
		...catalog
			.all('virtualRouter')
			.filter(({ name }) => !routers.has(name))
			.map((router) => mistakeAt(router, [], 'no virtual service is provided by it', 'name it as a provider')),
		...catalog
			.all('virtualRouter')
			.filter(({ name }) => catalog.routesOf(name).length === 0)
			.map((router) => mistakeAt(router, [], 'it has no route, so that requests to it fail', 'give it a route')),
		...catalog
			.all('virtualNode')
			.filter(({ name, spec }) => !nodes.has(name) && (spec.backends ?? []).length === 0)
			.map((node) => mistakeAt(node, [], 'it calls nothing, and nothing leads to it', 'give it backends, or a route')),
		...catalog
			.all('virtualGateway')
			.filter(({ name }) => catalog.gatewayRoutesOf(name).length === 0)
			.map((gateway) => mistakeAt(gateway, [], 'it has no gateway route, so that requests to it fail', 'give it one')),
	];
}

function usedNames(catalog: Catalog) {
	const called = catalog.all('virtualNode').flatMap(({ spec }) => spec.backends ?? []);
	const entered = catalog.all('gatewayRoute').flatMap(({ spec }) => gatewayRouteOf(spec)?.route.action.target ?? []);
	const providers = catalog.all('virtualService').map(({ spec }) => spec.provider);
	const targets = catalog.all('route').flatMap(({ spec }) => routeOf(spec)?.targets ?? []);
	return {
		services: new Set(
			[...called, ...entered].map(({ virtualService }) => serviceName(virtualService?.virtualServiceName ?? '')),
		),
		routers: new Set(providers.map((provider) => provider?.virtualRouter?.virtualRouterName)),
		nodes: new Set([
			...providers.map((provider) => provider?.virtualNode?.virtualNodeName),
			...targets.map(({ virtualNode }) => virtualNode),
		]),
	};
}
