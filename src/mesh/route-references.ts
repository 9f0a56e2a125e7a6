import { quote } from '../lib/escape.ts';
import type { Catalog } from './catalog.ts';
import { checkListenerChoice } from './listener-choice.ts';
import { checkTarget, dangling, type Reference } from './reference.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { type RouteKind, routeOf, targetPort } from './route-kind.ts';
import { portsText } from './service-ports.ts';

type Route = ResourceOf<'route'>;

export function checkRoute(catalog: Catalog, route: Route): Mistake[] {
	const router = catalog.get('virtualRouter', route.parent);
	if (router === undefined)
		return dangling(catalog, { from: route, path: 'virtualRouterName', to: 'virtualRouter', name: route.parent });
	const found = routeOf(route.spec);
	if (found === undefined) return [];
	return [
		...checkListenerChoice(
			{ what: 'virtual router', name: router.name, listeners: router.spec.listeners ?? [] },
			{ ...found, placeOf: route.placeOf, port: found.route.match?.port },
		),
		...checkOnlyTcp(catalog, route, found),
		...found.targets.flatMap((target, at) => {
			const path = `spec.${found.key}.action.weightedTargets[${at}].virtualNode`;
			const reference = { from: route, path, to: 'virtualNode', name: target.virtualNode } as const;
			const wrong = checkTarget(catalog, reference);
			return wrong.length > 0 ? wrong : checkPort(catalog, reference, target.port, found.protocol);
		}),
	];
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
	const target = catalog.get('virtualNode', name);
	// What a broken one listens on is not known.
	if (target === undefined) return [];
	const listeners = target.spec.listeners ?? [];
	const chosen = targetPort(listeners, port);
	if (chosen?.portMapping.protocol === protocol) return [];
	const node = `virtual node ${quote(name)}`;
	const ports = portsText(listeners.map(({ portMapping }) => portMapping));
	if (chosen === undefined) {
		const why = port === undefined ? `${node} has several listeners` : `${node} does not listen on ${port}`;
		return [{ ...from.placeOf(path), why, hint: `write port beside it: ${ports} (aws-app-mesh-roadmap #93)` }];
	}
	const why = `${node} listens with ${ports}, which does not fit the route's ${protocol}`;
	return [{ ...from.placeOf(path), why, hint: 'route and target need the same protocol (aws-app-mesh-roadmap #82)' }];
}
