import { quote } from '../lib/escape.ts';
import { checkClientPolicy, checkListeners, checkLogging } from './check-listener.ts';
import { checkAbsolute, checkHttpMatch } from './check-match.ts';
import { checkGrpcMatch } from './check-route-spec.ts';
import { gatewayRouteOf, type HttpGatewayRoute } from './gateway-route-kind.ts';
import { type Told, tellerOf } from './mistake-at.ts';
import type { Mistake, ResourceOf } from './resource.ts';

/** What is wrong with a virtual gateway whatever else the mesh has. */
export function checkGatewaySpec(gateway: ResourceOf<'virtualGateway'>): Mistake[] {
	const tell = tellerOf(gateway, ['spec']);
	const { backendDefaults, listeners, logging } = gateway.spec;
	return [
		...(listeners.length > 0 ? [] : [tell([], 'it has no listener', 'give it listeners')]),
		...checkListeners(tell, listeners),
		...checkClientPolicy(tell, backendDefaults?.clientPolicy, ['backendDefaults']),
		...checkLogging(tell, logging),
	];
}

export function checkGatewayRouteSpec(route: ResourceOf<'gatewayRoute'>): Mistake[] {
	const kind = gatewayRouteOf(route.spec);
	const kinds = 'httpRoute, http2Route or grpcRoute';
	if (kind === undefined) return [tellerOf(route, ['spec'])([], 'exactly one kind of route is needed', kinds)];
	const match = tellerOf(route, ['spec', kind.key, 'match']);
	const hostname = checkHostname(match, kind.route.match.hostname);
	if (kind.key === 'grpcRoute') return [...hostname, ...checkGrpcMatch(match, kind.route.match)];
	const rewrite = tellerOf(route, ['spec', kind.key, 'action', 'rewrite']);
	return [...hostname, ...checkHttpMatch(match, kind.route.match), ...checkRewrite(rewrite, kind.route)];
}

function checkHostname(
	tell: Told,
	hostname: { readonly exact?: string; readonly suffix?: string } | undefined,
): Mistake[] {
	if (hostname === undefined) return [];
	const [[key, name] = ['', ''], ...more] = Object.entries(hostname).filter(([, value]) => value !== undefined);
	if (key === '' || more.length > 0) return [tell(['hostname'], 'exactly one field is needed', 'one of exact, suffix')];
	if (/^[!-~]+$/.test(name)) return [];
	return [tell(['hostname', key], `${quote(name)} is no host name`, 'as requests have it: xn--… for other letters')];
}

function checkRewrite(tell: Told, { action, match }: HttpGatewayRoute): Mistake[] {
	const { path, prefix } = action.rewrite ?? {};
	return [
		...(path === undefined || match.path !== undefined
			? []
			: [tell(['path'], 'a path is rewritten, but none is matched', 'write match.path, or rewrite.prefix')]),
		...(prefix === undefined || match.path === undefined
			? []
			: [tell(['prefix'], 'a prefix is rewritten, but a path is matched', 'write rewrite.path')]),
		...(prefix?.value === undefined || prefix.defaultPrefix === undefined
			? []
			: [tell(['prefix'], 'defaultPrefix and value are both there', 'write one of them')]),
		...(prefix?.value === undefined ? [] : checkAbsolute(tell, ['prefix', 'value'], prefix.value)),
		...(path?.exact === undefined ? [] : checkAbsolute(tell, ['path', 'exact'], path.exact)),
	];
}
