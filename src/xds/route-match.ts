import type { RouteKind } from '../mesh/route-kind.ts';
import type { GrpcRoute, Header, HttpRoute } from '../mesh/schema/route.ts';
import type { JsonObject } from './snapshot.ts';

/** Routes that look into requests. */
export type ForwardedKind = Exclude<RouteKind, { readonly key: 'tcpRoute' }>;

/** Which requests a route takes. Undefined: all of them. `headers`: what it asks for beside its own. */
export function matchOf(kind: ForwardedKind | undefined, headers: readonly JsonObject[] = []): JsonObject {
	if (kind === undefined) return { prefix: '/', ...listed('headers', headers) };
	return kind.key === 'grpcRoute' ? grpcMatch(kind.route.match, headers) : httpMatch(kind.route.match, headers);
}

const listed = (key: string, items: readonly JsonObject[]): JsonObject => (items.length === 0 ? {} : { [key]: items });

export function grpcMatch(
	{ serviceName, methodName, metadata = [] }: GrpcRoute['match'],
	more: readonly JsonObject[],
): JsonObject {
	const service = serviceName === undefined ? '/' : `/${serviceName}/`;
	const path = methodName === undefined ? { prefix: service } : { path: `${service}${methodName}` };
	return { ...path, grpc: {}, ...listed('headers', [...metadata.map(headerOf), ...more]) };
}

export function httpMatch(match: HttpRoute['match'], more: readonly JsonObject[]): JsonObject {
	const { prefix = '/', path, queryParameters = [] } = match;
	const parameters = queryParameters.map(({ name, match: { exact } = {} }) => ({
		name,
		...(exact === undefined ? { presentMatch: true } : { stringMatch: { exact } }),
	}));
	return {
		...pathOf(prefix, path),
		...listed('headers', [...headersOf(match), ...more]),
		...listed('queryParameters', parameters),
	};
}

/** Without its query; a regex matches all of it. */
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
