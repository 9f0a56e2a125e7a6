import { gatewayRouteOf } from './gateway-route-kind.ts';
import type { ResourceOf } from './resource.ts';
import { routeOf } from './route-kind.ts';

type AnyRoute = ResourceOf<'route'> | ResourceOf<'gatewayRoute'>;

/**
 * Those that are tried first come first: by priority, then a whole path, a regex, the longer prefix, then the one with more
 * conditions. App Mesh documents priorities and prefixes only.
 */
export function byPrecedence(a: AnyRoute, b: AnyRoute): number {
	const priorities = (a.spec.priority ?? LAST_PRIORITY) - (b.spec.priority ?? LAST_PRIORITY);
	return (
		priorities ||
		pathRank(matchOf(b)) - pathRank(matchOf(a)) ||
		conditions(matchOf(b)) - conditions(matchOf(a)) ||
		byName(a, b)
	);
}

/** 0 comes first, none last. */
const LAST_PRIORITY = 1_001;

const byName = (a: AnyRoute, b: AnyRoute): number => (a.name < b.name ? -1 : 1);

/** All that any kind of route may match. */
interface Match {
	readonly path?: { readonly exact?: string; readonly regex?: string };
	readonly prefix?: string;
	readonly headers?: readonly unknown[];
	readonly metadata?: readonly unknown[];
	readonly queryParameters?: readonly unknown[];
	readonly method?: unknown;
	readonly scheme?: unknown;
	readonly hostname?: unknown;
	readonly serviceName?: unknown;
	readonly methodName?: unknown;
	readonly port?: unknown;
}

const matchOf = (route: AnyRoute): Match =>
	(route.kind === 'route' ? routeOf(route.spec)?.route.match : gatewayRouteOf(route.spec)?.route.match) ?? {};

function pathRank({ path, prefix = '' }: Match): number {
	if (path?.exact !== undefined) return Number.MAX_SAFE_INTEGER;
	return path === undefined ? prefix.length : Number.MAX_SAFE_INTEGER - 1;
}

const conditions = ({ headers = [], metadata = [], queryParameters = [], ...single }: Match): number =>
	headers.length + metadata.length + queryParameters.length + conditionsOf(single);

const conditionsOf = ({ method, scheme, hostname, serviceName, methodName }: Match): number =>
	[method, scheme, hostname, serviceName, methodName].filter((each) => each !== undefined).length;
