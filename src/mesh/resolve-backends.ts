import type { Catalog } from './catalog.ts';
import type { ResourceOf } from './resource.ts';
import { type RouteKind, routeOf, targetPort } from './route-kind.ts';
import type { clientPolicy } from './schema/common.ts';
import type { Value } from './schema/shape.ts';
import type { NodeListener } from './schema/virtual-node.ts';

export type Protocol = NodeListener['portMapping']['protocol'];
export type IpPreference = 'IPv6_PREFERRED' | 'IPv4_PREFERRED' | 'IPv4_ONLY' | 'IPv6_ONLY';
export type ClientTls = NonNullable<Value<typeof clientPolicy>['tls']>;

/** Of whatever sends requests into the mesh: a virtual node or a virtual gateway. */
export interface EgressView {
	readonly mesh: string;
	/** The mesh's, for nodes that have none of their own. */
	readonly ipPreference: IpPreference | undefined;
	readonly backends: readonly Backend[];
}

/** A virtual service on one of its ports. */
export interface Backend {
	readonly service: string;
	readonly port: number;
	readonly protocol: Protocol;
	/** Undefined where a virtual node provides the service. */
	readonly router: string | undefined;
	/** In the order in which they are tried. */
	readonly routes: readonly BackendRoute[];
	/** How its targets are to be spoken to; undefined: as they ask for. */
	readonly tls: ClientTls | undefined;
}

export interface BackendRoute {
	readonly name: string;
	/** Undefined comes last. */
	readonly priority: number | undefined;
	/** Undefined where a virtual node provides the service: all goes there. */
	readonly kind: RouteKind | undefined;
	readonly targets: readonly Target[];
}

export interface Target {
	readonly node: ResourceOf<'virtualNode'>;
	readonly listener: NodeListener;
	readonly weight: number;
}

/** One for each port of the service. Of a catalog whose references were checked. */
export function backendsOf(catalog: Catalog, service: string, tls: ClientTls | undefined): Backend[] {
	const { virtualNode, virtualRouter } = catalog.get('virtualService', service)?.spec.provider ?? {};
	if (virtualNode !== undefined) return byNode(catalog, { service, tls }, virtualNode.virtualNodeName);
	const router = catalog.get('virtualRouter', virtualRouter?.virtualRouterName ?? '');
	const routes = catalog.routesOf(router?.name ?? '');
	return (router?.spec.listeners ?? []).map(({ portMapping: { port, protocol } }) => ({
		...{ service, port, protocol, router: router?.name, tls },
		routes: routes.flatMap((route) => routeTo(catalog, route, port)),
	}));
}

function byNode(catalog: Catalog, service: Pick<Backend, 'service' | 'tls'>, name: string): Backend[] {
	const node = catalog.get('virtualNode', name);
	if (node === undefined) return [];
	return (node.spec.listeners ?? []).map((listener) => {
		const { port, protocol } = listener.portMapping;
		const targets = [{ node, listener, weight: 1 }];
		const all = { name: service.service, priority: undefined, kind: undefined, targets };
		return { ...service, port, protocol, router: undefined, routes: [all] };
	});
}

function routeTo(catalog: Catalog, { name, spec }: ResourceOf<'route'>, port: number): BackendRoute[] {
	const found = routeOf(spec);
	const match = found?.route.match;
	// A router with several listeners has routes that are for one of them only.
	if (found === undefined || (match?.port !== undefined && match.port !== port)) return [];
	const targets = found.targets.flatMap(({ virtualNode, port: chosen, weight }) => {
		const node = catalog.get('virtualNode', virtualNode);
		const listener = targetPort(node?.spec.listeners ?? [], chosen);
		return node === undefined || listener === undefined ? [] : [{ node, listener, weight }];
	});
	return [{ name, priority: spec.priority, kind: found, targets }];
}
