import { type JsonObject, typeOf } from './snapshot.ts';

const HTTP_OPTIONS = 'extensions.upstreams.http.v3.HttpProtocolOptions';

const options = (config: JsonObject): JsonObject => ({
	typedExtensionProtocolOptions: { [`envoy.${HTTP_OPTIONS}`]: { '@type': typeOf(HTTP_OPTIONS), ...config } },
});

/** HTTP/2 towards a cluster; Envoy speaks HTTP/1.1 otherwise. */
export const http2 = (settings: JsonObject = {}): JsonObject =>
	options({ explicitHttpConfig: { http2ProtocolOptions: settings } });

const speaksHttp2 = (protocol: string): boolean => protocol === 'http2' || protocol === 'grpc';

export const http2Where = (protocol: string): JsonObject => (speaksHttp2(protocol) ? http2() : {});

/**
 * From a virtual gateway to itself. Connections that carry nothing would count as open for an hour, and whoever stops the
 * gateway waits for those that are open.
 */
export const toItself = (protocol: string): JsonObject =>
	options({
		commonHttpProtocolOptions: { idleTimeout: '1s' },
		explicitHttpConfig: speaksHttp2(protocol) ? { http2ProtocolOptions: {} } : { httpProtocolOptions: {} },
	});

/** What the client speaks: of a server that is not part of the mesh nobody has said what it takes. */
export const asDownstream: JsonObject = options({
	useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
});
