import type { Resource, ResourceOf } from './resource.ts';
import type { Kind } from './schema/kinds.ts';

/** The resources of one mesh, by kind and name. */
export interface Catalog {
	readonly mesh: string;
	readonly get: <K extends Kind>(kind: K, name: string) => ResourceOf<K> | undefined;
	readonly all: <K extends Kind>(kind: K) => readonly ResourceOf<K>[];
	/** Of a router, those that come first first: by priority, then the longer prefix. */
	readonly routesOf: (router: string) => readonly ResourceOf<'route'>[];
}

export function createCatalog(mesh: string, resources: readonly Resource[]): Catalog {
	const own = resources.filter((resource) => resource.mesh === mesh);
	const all = <K extends Kind>(kind: K): ResourceOf<K>[] =>
		own.filter((resource): resource is ResourceOf<K> & Resource => resource.kind === kind);
	const named = new Map(own.map((resource) => [`${resource.kind} ${resource.name}`, resource]));
	const routes = Map.groupBy(all('route'), ({ parent }) => parent);
	return {
		mesh,
		all,
		get: <K extends Kind>(kind: K, name: string) => named.get(`${kind} ${name}`) as ResourceOf<K> | undefined,
		routesOf: (router) => [...(routes.get(router) ?? [])].sort(inOrder),
	};
}

/** 0 comes first, none last. */
const LAST_PRIORITY = 1_001;

function inOrder(a: ResourceOf<'route'>, b: ResourceOf<'route'>): number {
	const priorities = (a.spec.priority ?? LAST_PRIORITY) - (b.spec.priority ?? LAST_PRIORITY);
	const prefixes = prefixLength(b) - prefixLength(a);
	return priorities || prefixes || conditions(b) - conditions(a) || (a.name < b.name ? -1 : 1);
}

const httpOf = ({ spec }: ResourceOf<'route'>) => spec.httpRoute ?? spec.http2Route;

/** A whole path is more than any prefix. */
const prefixLength = (route: ResourceOf<'route'>): number => {
	const match = httpOf(route)?.match;
	return match?.path?.exact === undefined ? (match?.prefix ?? '').length : Number.MAX_SAFE_INTEGER;
};

const conditions = (route: ResourceOf<'route'>): number => {
	const match = httpOf(route)?.match;
	const { grpcRoute } = route.spec;
	return (
		(match?.headers?.length ?? 0) +
		(match?.queryParameters?.length ?? 0) +
		(match?.method === undefined ? 0 : 1) +
		(grpcRoute?.match.metadata?.length ?? 0) +
		(grpcRoute?.match.serviceName === undefined ? 0 : 1) +
		(grpcRoute?.match.methodName === undefined ? 0 : 1)
	);
};
