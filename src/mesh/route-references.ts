import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import { checkTarget, dangling, type Reference } from './reference.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { type RouteKind, routeOf, targetPort } from './route-kind.ts';

type Router = ResourceOf<'virtualRouter'>;
type Route = ResourceOf<'route'>;

export function checkRoute(catalog: Catalog, route: Route): Mistake[] {
	const router = catalog.get('virtualRouter', route.parent);
	if (router === undefined)
		return dangling(catalog, { from: route, path: 'virtualRouterName', to: 'virtualRouter', name: route.parent });
	const found = routeOf(route.spec);
	if (found === undefined) return [];
	return [
		...checkRouterPort(router, route, found),
		...checkOnlyTcp(catalog, route, found),
		...found.targets.flatMap((target, at) => {
			const path = `spec.${found.key}.action.weightedTargets[${at}].virtualNode`;
			const reference = { from: route, path, to: 'virtualNode', name: target.virtualNode } as const;
			const wrong = checkTarget(catalog, reference);
			return wrong.length > 0 ? wrong : checkPort(catalog, reference, target.port, found.protocol);
		}),
	];
}

const shown = (listeners: Router['spec']['listeners'] = []): string =>
	listeners.map(({ portMapping: { port, protocol } }) => `${port} (${protocol})`).join(', ');

/** A route is of one listener of its router, and of that one's protocol. */
function checkRouterPort({ name, spec }: Router, { placeOf }: Route, { key, protocol, route }: RouteKind): Mistake[] {
	const { listeners = [] } = spec;
	const port = route.match?.port;
	const path = `spec.${key}.match.port`;
	const router = `virtual router ${quote(name)}`;
	if (port === undefined && listeners.length > 1) {
		const why = `${router} has several listeners, and the route does not say for which one it is`;
		return [{ ...placeOf(path), why, hint: `write match.port: ${shown(listeners)}` }];
	}
	const chosen = port === undefined ? listeners : listeners.filter(({ portMapping }) => portMapping.port === port);
	if (port !== undefined && chosen.length === 0)
		return [{ ...placeOf(path), why: `${router} does not listen on ${port}`, hint: `it has ${shown(listeners)}` }];
	if (chosen.length === 0 || chosen.some(({ portMapping }) => portMapping.protocol === protocol)) return [];
	const protocols = chosen.map(({ portMapping }) => portMapping.protocol).join(', ');
	const why = `${key} does not fit ${router}, which has ${protocols}`;
	const hint = "use the route of the router's protocol, or change its listener (aws-app-mesh-roadmap #82)";
	return [{ ...placeOf(`spec.${key}`), why, hint }];
}

/** A connection says nothing by which several routes could be told apart. */
function checkOnlyTcp(catalog: Catalog, route: Route, found: RouteKind): Mistake[] {
	if (found.key !== 'tcpRoute') return [];
	const port = found.route.match?.port;
	const first = catalog
		.routesOf(route.parent)
		.find(({ spec }) => spec.tcpRoute !== undefined && spec.tcpRoute.match?.port === port);
	if (first === undefined || first.name === route.name) return [];
	const why = `virtual router ${quote(route.parent)} has a tcpRoute already, ${quote(first.name)}, which takes every connection`;
	return [{ ...route.placeOf('spec.tcpRoute'), why, hint: 'put the targets of both into one' }];
}

function checkPort(
	catalog: Catalog,
	{ from, path, name }: Reference,
	port: number | undefined,
	protocol: string,
): Mistake[] {
	const listeners = catalog.get('virtualNode', name)?.spec.listeners ?? [];
	const chosen = targetPort(listeners, port);
	const ports = shown(listeners);
	if (chosen === undefined) {
		const node = `virtual node ${quote(name)}`;
		const why = port === undefined ? `${node} has several listeners` : `${node} does not listen on ${port}`;
		return [{ ...from.placeOf(path), why, hint: `write port beside it: ${ports} (aws-app-mesh-roadmap #93)` }];
	}
	if (chosen.portMapping.protocol === protocol) return [];
	const why = `virtual node ${quote(name)} listens with ${ports}, which does not fit the route's ${protocol}`;
	return [{ ...from.placeOf(path), why, hint: 'route and target need the same protocol (aws-app-mesh-roadmap #82)' }];
}
