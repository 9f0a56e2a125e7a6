import type { RouteKind } from '../mesh/route-kind.ts';
import type { GrpcRoute, Header, HttpRoute } from '../mesh/schema/route.ts';
import type { JsonObject } from './snapshot.ts';

/** Routes that look into requests. */
export type ForwardedKind = Exclude<RouteKind, { readonly key: 'tcpRoute' }>;

/** Which requests a route takes. Undefined: all of them. */
export function matchOf(kind: ForwardedKind | undefined): JsonObject {
	if (kind === undefined) return { prefix: '/' };
	return kind.key === 'grpcRoute' ? grpcMatch(kind.route.match) : httpMatch(kind.route.match);
}

function grpcMatch({ serviceName, methodName, metadata = [] }: GrpcRoute['match']): JsonObject {
	const service = serviceName === undefined ? '/' : `/${serviceName}/`;
	const path = methodName === undefined ? { prefix: service } : { path: `${service}${methodName}` };
	return { ...path, grpc: {}, ...(metadata.length === 0 ? {} : { headers: metadata.map(headerOf) }) };
}

function httpMatch(match: HttpRoute['match']): JsonObject {
	const { prefix = '/', path, queryParameters = [] } = match;
	const headers = headersOf(match);
	const parameters = queryParameters.map(({ name, match: { exact } = {} }) => ({
		name,
		...(exact === undefined ? { presentMatch: true } : { stringMatch: { exact } }),
	}));
	return {
		...pathOf(prefix, path),
		...(headers.length === 0 ? {} : { headers }),
		...(parameters.length === 0 ? {} : { queryParameters: parameters }),
	};
}

function pathOf(prefix: string, path: HttpRoute['match']['path']): JsonObject {
	if (path?.exact !== undefined) return { path: path.exact };
	return path?.regex === undefined ? { prefix } : { safeRegex: { regex: path.regex } };
}

const headersOf = ({ headers = [], method, scheme }: HttpRoute['match']): JsonObject[] => [
	...(method === undefined ? [] : [{ name: ':method', stringMatch: { exact: method } }]),
	...(scheme === undefined ? [] : [{ name: ':scheme', stringMatch: { exact: scheme } }]),
	...headers.map(headerOf),
];

function headerOf({ name, invert, match }: Header): JsonObject {
	const { exact, prefix, suffix, regex, range } = match ?? {};
	const text = {
		...(exact === undefined ? {} : { exact }),
		...(prefix === undefined ? {} : { prefix }),
		...(suffix === undefined ? {} : { suffix }),
		...(regex === undefined ? {} : { safeRegex: { regex } }),
	};
	const how = Object.keys(text).length > 0 ? { stringMatch: text } : { presentMatch: true };
	return {
		name,
		...(range === undefined ? how : { rangeMatch: { start: String(range.start), end: String(range.end) } }),
		...(invert === true ? { invertMatch: true } : {}),
	};
}
