import type { Backend, BackendRoute } from '../mesh/resolve-backends.ts';
import type { NodeView } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { allowAllCluster, egressRoutes, ingressCluster, ingressRoutes } from './app-mesh-names.ts';
import { seconds } from './duration.ts';
import type { EgressClusters } from './egress-clusters.ts';
import { retriesOf } from './retries.ts';
import { matchOf } from './route-match.ts';
import type { JsonObject, Routes } from './snapshot.ts';

/** App Mesh's own, where neither route nor listener says otherwise. */
const TIMEOUT = '15s';

export function ingressRoutesOf({ mesh, node }: NodeView, listener: NodeListener): Routes {
	const { http, http2, grpc } = listener.timeout ?? {};
	const { perRequest } = http ?? http2 ?? grpc ?? {};
	const timeout = perRequest === undefined ? TIMEOUT : seconds(perRequest);
	const route = { match: { prefix: '/' }, route: { cluster: ingressCluster(mesh, node.name, listener), timeout } };
	return { name: ingressRoutes(listener), virtualHosts: [{ name: 'ingress', domains: ['*'], routes: [route] }] };
}

/** All services on one port. `ALLOW_ALL`: other names on it go where the application meant to. */
export function egressRoutesOf(
	{ mesh, egressFilter, unprovided }: NodeView,
	{ nameOf }: EgressClusters,
	[port, backends]: readonly [number, readonly Backend[]],
): Routes {
	const services = backends.map((backend) => ({
		...{ name: backend.service, domains: [backend.service, `${backend.service}:${port}`] },
		routes: routesOf(backend, nameOf),
	}));
	const direct = { match: { prefix: '/' }, route: { cluster: allowAllCluster(mesh), timeout: '0s' } };
	const others = { name: 'mesh_allow_all', domains: ['*'], routes: [direct] };
	const held = heldOf(unprovided, port, new Set(['*', ...services.flatMap(({ domains }) => domains.map(lowered))]));
	return {
		name: egressRoutes(port),
		virtualHosts: [...services, ...(egressFilter === 'ALLOW_ALL' ? [...held, others] : [])],
	};
}

/** Services without a provider are answered with 404, not sent to what their names resolve to. Their port is not known. */
function heldOf(unprovided: readonly string[], port: number, taken: ReadonlySet<string>): JsonObject[] {
	const free = [...new Set(unprovided.map(lowered))]
		.map((service) => [service, `${service}:${port}`])
		.filter((domains) => !domains.some((domain) => taken.has(domain)))
		.flat();
	const domains = [...new Set(free)];
	return free.length === 0 ? [] : [{ name: 'turnout_without_provider', domains, routes: [] }];
}

const lowered = (text: string): string => text.toLowerCase();

/** In the order in which they are tried. `headers`: what each of them asks for beside its own match. */
export const routesOf = (
	backend: Backend,
	nameOf: EgressClusters['nameOf'],
	headers: readonly JsonObject[] = [],
): JsonObject[] => backend.routes.flatMap((route) => routeOf(backend, nameOf, { headers, ...route }));

interface Given extends BackendRoute {
	readonly headers: readonly JsonObject[];
}

function routeOf(
	backend: Backend,
	nameOf: EgressClusters['nameOf'],
	{ name, kind, targets, headers }: Given,
): JsonObject[] {
	if (kind?.key === 'tcpRoute') return [];
	const clusters = targets.map((target) => ({ name: nameOf(backend, target), weight: target.weight }));
	const { perRequest, idle } = kind?.route.timeout ?? {};
	const action = {
		...(kind === undefined ? { cluster: clusters[0]?.name ?? '' } : { weightedClusters: { clusters } }),
		timeout: perRequest === undefined ? TIMEOUT : seconds(perRequest),
		...(idle === undefined ? {} : { idleTimeout: seconds(idle) }),
		retryPolicy: retriesOf(kind),
	};
	return [{ name, match: matchOf(kind, headers), route: action }];
}
