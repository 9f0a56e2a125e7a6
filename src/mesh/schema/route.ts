import { count, duration, httpTimeout, name, port, tcpTimeout } from './common.ts';
import { flag, integer, list, object, oneOf, text, union, type Value } from './shape.ts';

const weightedTargets = list(object({ virtualNode: name, weight: integer(0, 100) }, { port }), 1, 10);
const action = object({ weightedTargets }, {});

const text255 = text({ min: 1, max: 255 });
const range = object({ end: integer(), start: integer() }, {});
export const stringMatch = union({ exact: text255, prefix: text255, range, regex: text255, suffix: text255 });
const named = text({ min: 1, max: 50 });

/** Of HTTP headers and gRPC metadata. Without `match`: it is there, whatever its value. */
export const header = object({ name: named }, { invert: flag, match: stringMatch });
export const method = oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH');
export const queryParameter = object({ name: text({ min: 1 }) }, { match: object({}, { exact: text({}) }) });
export const path = object({}, { exact: text255, regex: text255 });

const httpMatch = object(
	{},
	{
		headers: list(header, 1, 10),
		method,
		path,
		port,
		prefix: text({}),
		queryParameters: list(queryParameter, 1, 10),
		scheme: oneOf('http', 'https'),
	},
);

const tcpRetryEvents = list(oneOf('connection-error'), 1, 1);
const httpRetryEvents = list(text({ min: 1, max: 25 }), 1, 25);
const retries = { maxRetries: count(0), perRetryTimeout: duration } as const;
const grpcEvent = oneOf('cancelled', 'deadline-exceeded', 'internal', 'resource-exhausted', 'unavailable');

const httpRoute = object(
	{ action, match: httpMatch },
	{ retryPolicy: object(retries, { httpRetryEvents, tcpRetryEvents }), timeout: httpTimeout },
);

const grpcRoute = object(
	{
		action,
		match: object({}, { metadata: list(header, 1, 10), methodName: named, port, serviceName: text({ min: 1 }) }),
	},
	{
		retryPolicy: object(retries, { grpcRetryEvents: list(grpcEvent, 1, 5), httpRetryEvents, tcpRetryEvents }),
		timeout: httpTimeout,
	},
);

const tcpRoute = object({ action }, { match: object({}, { port }), timeout: tcpTimeout });

export const routeSpec = object(
	{},
	{ grpcRoute, http2Route: httpRoute, httpRoute, priority: integer(0, 1_000), tcpRoute },
);

export type RouteSpec = Value<typeof routeSpec>;
export type HttpRoute = Value<typeof httpRoute>;
export type GrpcRoute = Value<typeof grpcRoute>;
export type TcpRoute = Value<typeof tcpRoute>;
export type Header = Value<typeof header>;
export type WeightedTarget = Value<typeof weightedTargets>[number];
