import type { Catalog } from './catalog.ts';
import { serviceName } from './references.ts';
import type { ResourceOf } from './resource.ts';
import { type RouteKind, routeOf, targetPort } from './route-kind.ts';
import type { NodeListener } from './schema/virtual-node.ts';

export type Protocol = NodeListener['portMapping']['protocol'];

/** What one virtual node's Envoy has to do; all that it refers to is looked up. */
export interface NodeView {
	readonly mesh: string;
	readonly node: ResourceOf<'virtualNode'>;
	readonly egressFilter: 'ALLOW_ALL' | 'DROP_ALL';
	readonly ipPreference: IpPreference | undefined;
	readonly backends: readonly Backend[];
}

export type IpPreference = 'IPv6_PREFERRED' | 'IPv4_PREFERRED' | 'IPv4_ONLY' | 'IPv6_ONLY';

/** A virtual service on one of its ports. */
export interface Backend {
	readonly service: string;
	readonly port: number;
	readonly protocol: Protocol;
	/** In the order in which they are tried. */
	readonly routes: readonly BackendRoute[];
}

export interface BackendRoute {
	readonly name: string;
	/** Undefined where a virtual node provides the service: all goes there. */
	readonly kind: RouteKind | undefined;
	readonly targets: readonly Target[];
}

export interface Target {
	readonly node: ResourceOf<'virtualNode'>;
	readonly listener: NodeListener;
	readonly weight: number;
}

/** Of a catalog whose references were checked. Undefined: the mesh has no such node. */
export function resolveNode(catalog: Catalog, name: string): NodeView | undefined {
	const node = catalog.get('virtualNode', name);
	if (node === undefined) return undefined;
	const mesh = catalog.get('mesh', catalog.mesh)?.spec;
	const names = (node.spec.backends ?? []).map((backend) =>
		serviceName(backend.virtualService?.virtualServiceName ?? ''),
	);
	return {
		...{ mesh: catalog.mesh, node },
		egressFilter: mesh?.egressFilter?.type ?? 'DROP_ALL',
		ipPreference: mesh?.serviceDiscovery?.ipPreference,
		backends: [...new Set(names)].flatMap((service) => backendsOf(catalog, service)),
	};
}

function backendsOf(catalog: Catalog, service: string): Backend[] {
	const { virtualNode, virtualRouter } = catalog.get('virtualService', service)?.spec.provider ?? {};
	if (virtualNode !== undefined) return byNode(catalog, service, virtualNode.virtualNodeName);
	const router = catalog.get('virtualRouter', virtualRouter?.virtualRouterName ?? '');
	const routes = catalog.routesOf(router?.name ?? '');
	return (router?.spec.listeners ?? []).map(({ portMapping: { port, protocol } }) => ({
		...{ service, port, protocol },
		routes: routes.flatMap((route) => routeTo(catalog, route, port)),
	}));
}

function byNode(catalog: Catalog, service: string, name: string): Backend[] {
	const node = catalog.get('virtualNode', name);
	if (node === undefined) return [];
	return (node.spec.listeners ?? []).map((listener) => {
		const { port, protocol } = listener.portMapping;
		const targets = [{ node, listener, weight: 1 }];
		return { ...{ service, port, protocol }, routes: [{ name: service, kind: undefined, targets }] };
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
	return [{ name, kind: found, targets }];
}
