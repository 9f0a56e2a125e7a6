import { extension, fromAds, type JsonObject } from './snapshot.ts';

export const originalDst = extension(
	'envoy.filters.listener.original_dst',
	'extensions.filters.listener.original_dst.v3.OriginalDst',
);

/** Connects to the application from the client's address. */
export const originalSrc = extension(
	'envoy.filters.listener.original_src',
	'extensions.filters.listener.original_src.v3.OriginalSrc',
);

/**
 * Looks at what clients send first, and only on these ports: elsewhere it would hold up servers that speak first, and
 * clients that send less than five bytes.
 */
export function tlsInspector(ports: readonly number[]): JsonObject {
	const rules = ports.map((start) => ({ destinationPortRange: { start, end: start + 1 } }));
	const [only, ...more] = rules;
	const among = only === undefined || more.length > 0 ? { orMatch: { rules } } : only;
	const inspector = 'extensions.filters.listener.tls_inspector.v3.TlsInspector';
	return { ...extension('envoy.filters.listener.tls_inspector', inspector), filterDisabled: { notMatch: among } };
}

const router = extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router');

const HTTP = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

interface Connections {
	readonly statPrefix: string;
	readonly routes: string;
	readonly accessLog: readonly JsonObject[];
	/** Of the connection. */
	readonly idleTimeout?: string | undefined;
	readonly hasTracing: boolean | undefined;
}

export const httpConnections = ({ statPrefix, routes, accessLog, idleTimeout, hasTracing }: Connections): JsonObject =>
	extension('envoy.filters.network.http_connection_manager', HTTP, {
		statPrefix,
		rds: { configSource: fromAds, routeConfigName: routes },
		httpFilters: [router],
		...(accessLog.length === 0 ? {} : { accessLog }),
		...(idleTimeout === undefined ? {} : { commonHttpProtocolOptions: { idleTimeout } }),
		// As in App Mesh: each request, unless its client or the tracer decides otherwise.
		...(hasTracing === true ? { tracing: {} } : {}),
		upgradeConfigs: [{ upgradeType: 'websocket', enabled: true }],
		normalizePath: true,
		mergeSlashes: true,
		pathWithEscapedSlashesAction: 'KEEP_UNCHANGED',
	});

/** `to`: a cluster, or weighted ones. */
export const tcpProxy = (statPrefix: string, to: JsonObject, accessLog: readonly JsonObject[]): JsonObject =>
	extension('envoy.filters.network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
		statPrefix,
		...to,
		...(accessLog.length === 0 ? {} : { accessLog }),
	});
