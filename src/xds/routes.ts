import type { Backend, BackendRoute, NodeView } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { allowAllCluster, egressCluster, egressRoutes, ingressCluster, ingressRoutes } from './app-mesh-names.ts';
import { previousHosts } from './clusters.ts';
import { seconds } from './duration.ts';
import { type ForwardedKind, matchOf } from './route-match.ts';
import type { JsonObject } from './snapshot.ts';

type Routes = JsonObject & { readonly name: string };

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
export function egressRoutesOf(view: NodeView, port: number, backends: readonly Backend[]): Routes {
	const { mesh, egressFilter } = view;
	const services = backends.map(({ service, routes }) => ({
		...{ name: service, domains: [service, `${service}:${port}`] },
		routes: routes.flatMap((route) => routeOf(mesh, route)),
	}));
	const direct = { match: { prefix: '/' }, route: { cluster: allowAllCluster(mesh), timeout: '0s' } };
	const others = { name: 'mesh_allow_all', domains: ['*'], routes: [direct] };
	return {
		name: egressRoutes(port),
		virtualHosts: [...services, ...(egressFilter === 'ALLOW_ALL' ? [others] : [])],
	};
}

function routeOf(mesh: string, { name, kind, targets }: BackendRoute): JsonObject[] {
	if (kind?.key === 'tcpRoute') return [];
	const clusters = targets.map(({ node, listener, weight }) => ({
		name: egressCluster(mesh, node.name, listener),
		weight,
	}));
	const { perRequest, idle } = kind?.route.timeout ?? {};
	const action = {
		...(kind === undefined ? { cluster: clusters[0]?.name ?? '' } : { weightedClusters: { clusters } }),
		timeout: perRequest === undefined ? TIMEOUT : seconds(perRequest),
		...(idle === undefined ? {} : { idleTimeout: seconds(idle) }),
		retryPolicy: retriesOf(kind),
	};
	return [{ name, match: matchOf(kind), route: action }];
}

/** What AWS sent to every Envoy from 2020-07-29 on. */
const DEFAULT_RETRIES = {
	...{ retryOn: 'unavailable,reset,connect-failure,refused-stream,retriable-status-codes', numRetries: 2 },
	...{ retriableStatusCodes: [503], retryHostPredicate: [previousHosts], hostSelectionRetryMaxAttempts: '5' },
};

const STATUS_CODES: Readonly<Record<string, readonly number[]>> = {
	'server-error': [500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511],
	'gateway-error': [502, 503, 504],
	'client-error': [409],
};

function retriesOf(kind: ForwardedKind | undefined): JsonObject {
	const policy = kind?.route.retryPolicy;
	if (policy === undefined) return DEFAULT_RETRIES;
	const { httpRetryEvents = [], tcpRetryEvents = [] } = policy;
	const codes = [...new Set(httpRetryEvents.flatMap((event) => STATUS_CODES[event] ?? []))];
	const grpc = 'grpcRetryEvents' in policy ? (policy.grpcRetryEvents ?? []) : [];
	const on = [
		...(httpRetryEvents.includes('stream-error') ? ['reset', 'refused-stream'] : []),
		...(tcpRetryEvents.length > 0 ? ['connect-failure'] : []),
		...grpc,
		...(codes.length > 0 ? ['retriable-status-codes'] : []),
	];
	return {
		...{ retryOn: on.join(','), numRetries: policy.maxRetries, perTryTimeout: seconds(policy.perRetryTimeout) },
		...(codes.length > 0 ? { retriableStatusCodes: codes } : {}),
	};
}
