import { type JsonObject, typeOf } from './snapshot.ts';

const HTTP_OPTIONS = 'extensions.upstreams.http.v3.HttpProtocolOptions';

const options = (config: JsonObject): JsonObject => ({
	typedExtensionProtocolOptions: { [`envoy.${HTTP_OPTIONS}`]: { '@type': typeOf(HTTP_OPTIONS), ...config } },
});

/** HTTP/2 towards a cluster; Envoy speaks HTTP/1.1 otherwise. */
export const http2 = (settings: JsonObject = {}): JsonObject =>
	options({ explicitHttpConfig: { http2ProtocolOptions: settings } });

export const http2Where = (protocol: string): JsonObject =>
	protocol === 'http2' || protocol === 'grpc' ? http2() : {};

/** What the client speaks: of a server that is not part of the mesh nobody has said what it takes. */
export const asDownstream: JsonObject = options({
	useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} },
});
