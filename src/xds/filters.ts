import type { NodeView } from '../mesh/resolve-node.ts';
import { extension, fromAds, type JsonObject } from './snapshot.ts';

export const originalDst = extension(
	'envoy.filters.listener.original_dst',
	'extensions.filters.listener.original_dst.v3.OriginalDst',
);

const router = extension('envoy.filters.http.router', 'extensions.filters.http.router.v3.Router');

const HTTP = 'extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

interface Connections {
	readonly statPrefix: 'ingress' | 'egress';
	readonly routes: string;
	readonly accessLog: readonly JsonObject[];
	/** `idleTimeout` of the connection. */
	readonly idle?: string | undefined;
}

export const httpConnections = ({ statPrefix, routes, accessLog, idle }: Connections): JsonObject =>
	extension('envoy.filters.network.http_connection_manager', HTTP, {
		statPrefix,
		rds: { configSource: fromAds, routeConfigName: routes },
		httpFilters: [router],
		...(accessLog.length === 0 ? {} : { accessLog }),
		...(idle === undefined ? {} : { commonHttpProtocolOptions: { idleTimeout: idle } }),
		upgradeConfigs: [{ upgradeType: 'websocket', enabled: true }],
		normalizePath: true,
		mergeSlashes: true,
		pathWithEscapedSlashesAction: 'KEEP_UNCHANGED',
	});

/** `to`: a cluster, or weighted ones. */
export const tcpProxy = (
	statPrefix: 'ingress' | 'egress' | 'loop',
	to: JsonObject,
	accessLog: readonly JsonObject[],
): JsonObject =>
	extension('envoy.filters.network.tcp_proxy', 'extensions.filters.network.tcp_proxy.v3.TcpProxy', {
		statPrefix,
		...to,
		...(accessLog.length === 0 ? {} : { accessLog }),
	});

/** `logging.accessLog.file`: a path, and a format as text or as JSON. */
export function accessLogOf({ node }: NodeView): readonly JsonObject[] {
	const file = node.spec.logging?.accessLog?.file;
	if (file === undefined) return [];
	const { text, json } = file.format ?? {};
	const fields = Object.fromEntries((json ?? []).map(({ key, value }) => [key, value]));
	const format = text === undefined ? { jsonFormat: fields } : { textFormatSource: { inlineString: text } };
	const config = { path: file.path, ...(text === undefined && json === undefined ? {} : { logFormat: format }) };
	return [extension('envoy.access_loggers.file', 'extensions.access_loggers.file.v3.FileAccessLog', config)];
}
