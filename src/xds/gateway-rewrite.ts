import type { GatewayRouteKind, HttpGatewayRoute } from '../mesh/gateway-route-kind.ts';
import { rewrittenPrefixes } from '../mesh/rewritten-prefixes.ts';
import { grpcMatch, httpMatch } from './route-match.ts';
import type { JsonObject } from './snapshot.ts';

/** What a gateway route takes, and what becomes of its path. */
export interface Rewritten {
	readonly match: JsonObject;
	/** Fields of the route's action. */
	readonly path: JsonObject;
}

/** In the order in which they are tried. */
export function rewrittenMatches(kind: GatewayRouteKind): Rewritten[] {
	const headers = hostnameOf(kind.route.match.hostname);
	if (kind.key === 'grpcRoute') return [{ match: grpcMatch(kind.route.match, headers), path: {} }];
	const { match, action } = kind.route;
	if (match.path !== undefined)
		return [{ match: httpMatch(match, headers), path: pathRewrite(match.path, action.rewrite?.path?.exact) }];
	return rewrittenPrefixes(kind.route).map(({ prefix, becomes }) => ({
		match: httpMatch({ ...match, prefix }, headers),
		path: becomes === undefined || becomes === prefix ? {} : { prefixRewrite: becomes },
	}));
}

/** Envoy replaces the part that matched: of an exact path all of it. */
function pathRewrite(path: NonNullable<HttpGatewayRoute['match']['path']>, becomes: string | undefined): JsonObject {
	if (becomes === undefined) return {};
	if (path.exact !== undefined) return { prefixRewrite: becomes };
	return { regexRewrite: { pattern: { regex: '^/.*$' }, substitution: becomes.replaceAll('\\', '\\\\') } };
}

/** By header and not by virtual host: a route of higher priority may be for all names. The `Host` may have a port. */
function hostnameOf({ exact, suffix }: { readonly exact?: string; readonly suffix?: string } = {}): JsonObject[] {
	const end = exact ?? suffix?.replace(/^\*/, '');
	if (end === undefined) return [];
	const literal = end.replace(/[^0-9A-Za-z]/g, '\\$&');
	const regex = `(?i)${exact === undefined ? '.*' : ''}${literal}(:[0-9]+)?`;
	return [{ name: ':authority', stringMatch: { safeRegex: { regex } } }];
}
