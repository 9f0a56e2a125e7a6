import { byPrecedence } from './precedence.ts';
import type { Resource, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

/** The resources of one mesh, by kind and name. */
export interface Catalog {
	readonly mesh: string;
	readonly get: <K extends Kind>(kind: K, name: string) => ResourceOf<K> | undefined;
	readonly all: <K extends Kind>(kind: K) => readonly ResourceOf<K>[];
	/** Of a router, in the order in which they are tried. */
	readonly routesOf: (router: string) => readonly ResourceOf<'route'>[];
	readonly gatewayRoutesOf: (gateway: string) => readonly ResourceOf<'gatewayRoute'>[];
}

export function createCatalog(mesh: string, resources: readonly Resource[]): Catalog {
	const own = resources.filter((resource) => resource.mesh === mesh);
	const all = <K extends Kind>(kind: K): ResourceOf<K>[] =>
		own.filter((resource): resource is ResourceOf<K> & Resource => resource.kind === kind);
	const named = new Map<Kind, Map<string, Resource>>();
	for (const [kind, among] of Map.groupBy(own, (resource) => resource.kind))
		named.set(kind, new Map(among.map((resource) => [resource.name, resource])));
	const routes = Map.groupBy(all('route').sort(byPrecedence), ({ parent }) => parent);
	const gatewayRoutes = Map.groupBy(all('gatewayRoute').sort(byPrecedence), ({ parent }) => parent);
	return {
		mesh,
		all,
		get: <K extends Kind>(kind: K, name: string) => named.get(kind)?.get(name) as ResourceOf<K> | undefined,
		routesOf: (router) => routes.get(router) ?? [],
		gatewayRoutesOf: (gateway) => gatewayRoutes.get(gateway) ?? [],
	};
}
