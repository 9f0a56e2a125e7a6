import { quote } from '../lib/escape.ts';
import { checkHeaders, checkHttpMatch } from './check-match.ts';
import { type Told, tellerOf } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';
import { type RouteKind, routeOf } from './route-kind.ts';
import type { GrpcRoute } from './schema/route.ts';

/** What is wrong with a route whatever else the mesh has. */
export function checkRouteSpec(route: ResourceOf<'route'>): Mistake[] {
	const found = routeOf(route.spec);
	const kinds = 'httpRoute, http2Route, grpcRoute or tcpRoute';
	if (found === undefined) return [tellerOf(route, ['spec'])([], 'exactly one kind of route is needed', kinds)];
	const tell = tellerOf(route, ['spec', found.key]);
	const weights = found.targets.reduce((sum, { weight }) => sum + weight, 0);
	const path = ['action', 'weightedTargets'];
	return [
		...(weights > 0 ? [] : [tell(path, 'the weights add up to 0', 'from 1 to 100 for each that is to get traffic')]),
		...checkKind(route, found),
	];
}

function checkKind(route: ResourceOf<'route'>, kind: RouteKind): Mistake[] {
	const match = tellerOf(route, ['spec', kind.key, 'match']);
	if (kind.key === 'tcpRoute') return [];
	const events = checkRetryEvents(tellerOf(route, ['spec', kind.key, 'retryPolicy']), kind.route.retryPolicy);
	return kind.key === 'grpcRoute'
		? [...checkGrpcMatch(match, kind.route.match), ...events]
		: [...checkHttpMatch(match, kind.route.match), ...events];
}

export function checkGrpcMatch(tell: Told, { metadata = [], methodName, serviceName }: GrpcRoute['match']): Mistake[] {
	const noService = methodName !== undefined && serviceName === undefined;
	return [
		...(noService ? [tell(['methodName'], 'a method without its service', 'write serviceName beside it')] : []),
		...checkHeaders(tell, 'metadata', metadata),
	];
}

const HTTP_EVENTS = ['server-error', 'gateway-error', 'client-error', 'stream-error'];

const checkRetryEvents = (
	tell: Told,
	policy: { readonly httpRetryEvents?: readonly string[] } | undefined,
): Mistake[] =>
	(policy?.httpRetryEvents ?? []).flatMap((event, at) =>
		HTTP_EVENTS.includes(event)
			? []
			: [tell(['httpRetryEvents', at], `unknown value ${quote(event)}`, `one of ${HTTP_EVENTS.join(', ')}`)],
	);
