import type { IpPreference, NodeView, Target } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { allowAllCluster, amazonCluster, blackholeCluster, egressCluster, ingressCluster } from './app-mesh-names.ts';
import { seconds } from './duration.ts';
import type { RenderOptions } from './render-options.ts';
import { endpoints, extension, type JsonObject, typeOf } from './snapshot.ts';

type Cluster = JsonObject & { readonly name: string };

/** Envoy's largest number: no limit. */
const UNLIMITED = 2_147_483_647;

/** The application itself, behind each of the node's listeners. */
export function ingressClusterOf({ mesh, node, ipPreference }: NodeView, listener: NodeListener): Cluster {
	const name = ingressCluster(mesh, node.name, listener);
	const own = node.spec.serviceDiscovery?.dns?.ipPreference ?? ipPreference;
	const address = own === 'IPv6_ONLY' || own === 'IPv6_PREFERRED' ? '::1' : '127.0.0.1';
	return {
		...{ name, type: 'STATIC', connectTimeout: '0.25s' },
		circuitBreakers: circuitBreakers(limitsOf(listener)),
		...http2Of(listener),
		loadAssignment: endpoints(name, address, listener.portMapping.port),
	};
}

/** A virtual node that this one sends to. */
export function egressClusterOf(
	{ mesh, ipPreference }: NodeView,
	{ node, listener }: Target,
	{ isFirst = false }: RenderOptions,
): Cluster {
	const name = egressCluster(mesh, node.name, listener);
	const { hostname = '', responseType, ipPreference: own } = node.spec.serviceDiscovery?.dns ?? {};
	const family = FAMILIES[own ?? ipPreference ?? 'IPv6_PREFERRED'];
	return {
		...{ name, type: responseType === 'ENDPOINTS' ? 'STRICT_DNS' : 'LOGICAL_DNS', connectTimeout: '1s' },
		...(family === 'AUTO' ? {} : { dnsLookupFamily: family }),
		...(isFirst ? { waitForWarmOnInit: false } : {}),
		circuitBreakers: circuitBreakers(),
		...healthCheckOf(listener, hostname),
		...outliersOf(listener),
		...http2Of(listener),
		loadAssignment: endpoints(name, hostname, listener.portMapping.port),
	};
}

const FAMILIES: Readonly<Record<IpPreference, string>> = {
	IPv6_PREFERRED: 'AUTO',
	IPv4_PREFERRED: 'V4_PREFERRED',
	IPv4_ONLY: 'V4_ONLY',
	IPv6_ONLY: 'V6_ONLY',
};

/** Wherever the application meant to go. */
export const passThroughClusters = ({ mesh, egressFilter }: NodeView): Cluster[] =>
	[amazonCluster(mesh), ...(egressFilter === 'ALLOW_ALL' ? [allowAllCluster(mesh)] : [])].map((name) => ({
		...{ name, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', connectTimeout: '10s' },
		circuitBreakers: circuitBreakers(),
	}));

export const blackhole: Cluster = { name: blackholeCluster, type: 'STATIC', connectTimeout: '1s' };

/** Envoy's own limits, such as 1024 connections to a cluster, would refuse what applications can carry. */
const circuitBreakers = (limits: JsonObject = {}): JsonObject => {
	const none = {
		maxConnections: UNLIMITED,
		maxPendingRequests: UNLIMITED,
		maxRequests: UNLIMITED,
		maxRetries: UNLIMITED,
	};
	return { thresholds: [{ ...none, ...limits }] };
};

/** `connectionPool`: what the application bears. */
function limitsOf({ connectionPool: { http, http2, grpc, tcp } = {} }: NodeListener): JsonObject {
	const { maxConnections, maxPendingRequests } = { ...tcp, ...http };
	const { maxRequests } = { ...http2, ...grpc };
	return {
		...(maxConnections === undefined ? {} : { maxConnections }),
		...(maxPendingRequests === undefined ? {} : { maxPendingRequests }),
		...(maxRequests === undefined ? {} : { maxRequests }),
	};
}

/** Asked of the node's own Envoy, by each of its clients. */
function healthCheckOf({ healthCheck: check, portMapping }: NodeListener, hostname: string): JsonObject {
	if (check === undefined) return {};
	const { protocol, path = '/' } = check;
	const http = {
		...{ host: `${hostname}:${portMapping.port}`, path },
		...(protocol === 'http2' ? { codecClientType: 'HTTP2' } : {}),
	};
	const kinds: Readonly<Record<typeof protocol, JsonObject>> = {
		http: { httpHealthCheck: http },
		http2: { httpHealthCheck: http },
		grpc: { grpcHealthCheck: {} },
		tcp: { tcpHealthCheck: {} },
	};
	const common = {
		timeout: seconds({ unit: 'ms', value: check.timeoutMillis }),
		interval: seconds({ unit: 'ms', value: check.intervalMillis }),
		// Envoy's own is a minute for a cluster that nobody has used yet.
		noTrafficInterval: seconds({ unit: 'ms', value: check.intervalMillis }),
		...{ healthyThreshold: check.healthyThreshold, unhealthyThreshold: check.unhealthyThreshold },
		...(check.port === undefined ? {} : { altPort: check.port }),
	};
	return { healthChecks: [{ ...common, ...kinds[protocol] }], ignoreHealthOnHostRemoval: true };
}

function outliersOf({ outlierDetection: found }: NodeListener): JsonObject {
	if (found === undefined) return {};
	return {
		outlierDetection: {
			...{ consecutive5xx: found.maxServerErrors, maxEjectionPercent: found.maxEjectionPercent },
			...{ interval: seconds(found.interval), baseEjectionTime: seconds(found.baseEjectionDuration) },
		},
	};
}

const HTTP_OPTIONS = 'extensions.upstreams.http.v3.HttpProtocolOptions';

function http2Of({ portMapping: { protocol } }: NodeListener): JsonObject {
	if (protocol !== 'http2' && protocol !== 'grpc') return {};
	const options = { '@type': typeOf(HTTP_OPTIONS), explicitHttpConfig: { http2ProtocolOptions: {} } };
	return { typedExtensionProtocolOptions: { [`envoy.${HTTP_OPTIONS}`]: options } };
}

export const previousHosts = extension(
	'envoy.retry_host_predicates.previous_hosts',
	'extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate',
);
