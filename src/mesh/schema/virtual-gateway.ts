import { clientPolicy, healthCheck, httpPools, listenerTls, logging, name, port } from './common.ts';
import { header, method, path, queryParameter } from './route.ts';
import { integer, list, object, oneOf, text, union, type Value } from './shape.ts';

const httpProtocol = oneOf('http', 'http2', 'grpc');

export const virtualGatewaySpec = object(
	{
		listeners: list(
			object(
				{ portMapping: object({ port, protocol: httpProtocol }, {}) },
				{
					connectionPool: union(httpPools),
					healthCheck: healthCheck('http', 'http2', 'grpc'),
					tls: listenerTls,
				},
			),
		),
	},
	{ backendDefaults: object({}, { clientPolicy }), logging },
);

const rewritten = oneOf('ENABLED', 'DISABLED');
const hostnameRewrite = object({}, { defaultTargetHostname: rewritten });
const hostname = object({}, { exact: text({ min: 1, max: 253 }), suffix: text({ min: 1, max: 253 }) });
const target = object({ virtualService: object({ virtualServiceName: name }, {}) }, { port });

const httpRoute = object(
	{
		action: object(
			{ target },
			{
				rewrite: object(
					{},
					{
						hostname: hostnameRewrite,
						path: object({}, { exact: name }),
						prefix: object({}, { defaultPrefix: rewritten, value: name }),
					},
				),
			},
		),
		match: object(
			{},
			{
				headers: list(header, 1, 10),
				hostname,
				method,
				path,
				port,
				prefix: text({}),
				queryParameters: list(queryParameter, 1, 10),
			},
		),
	},
	{},
);

const grpcRoute = object(
	{
		action: object({ target }, { rewrite: object({}, { hostname: hostnameRewrite }) }),
		match: object({}, { hostname, metadata: list(header, 1, 10), port, serviceName: text({ min: 1 }) }),
	},
	{},
);

export const gatewayRouteSpec = object(
	{},
	{ grpcRoute, http2Route: httpRoute, httpRoute, priority: integer(0, 1_000) },
);

export type VirtualGatewaySpec = Value<typeof virtualGatewaySpec>;
export type GatewayRouteSpec = Value<typeof gatewayRouteSpec>;
