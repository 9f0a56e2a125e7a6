import { gatewayRouteOf } from './gateway-route-kind.ts';
import type { ResourceOf } from './resource.ts';
import { routeOf } from './route-kind.ts';

export type AnyRoute = ResourceOf<'route'> | ResourceOf<'gatewayRoute'>;

/** Those that are tried first come first. */
export const byPrecedence = (a: AnyRoute, b: AnyRoute): number => precedence(rankedOf(a), rankedOf(b)).order;

/** What the order of routes depends on. */
export interface Ranked {
	readonly name: string;
	readonly priority: number | undefined;
	readonly match: RankedMatch;
}

/** All that any kind of route may match. */
export interface RankedMatch {
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

export interface Precedence {
	/** Below 0: the first one is tried first. */
	readonly order: number;
	/** What decides. */
	readonly by: 'priority' | 'path' | 'conditions' | 'name';
}

/**
 * By priority, then a whole path, a regex, the longer prefix, then the one with more conditions. App Mesh documents
 * priorities and prefixes only.
 */
export function precedence(a: Ranked, b: Ranked): Precedence {
	const priority = (a.priority ?? LAST_PRIORITY) - (b.priority ?? LAST_PRIORITY);
	if (priority !== 0) return { by: 'priority', order: priority };
	const path = pathRank(b.match) - pathRank(a.match);
	if (path !== 0) return { by: 'path', order: path };
	const more = conditions(b.match) - conditions(a.match);
	if (more !== 0) return { by: 'conditions', order: more };
	return { by: 'name', order: a.name < b.name ? -1 : 1 };
}

/** 0 comes first, none last. */
const LAST_PRIORITY = 1_001;

function rankedOf(route: AnyRoute): Ranked {
	const found = route.kind === 'route' ? routeOf(route.spec) : gatewayRouteOf(route.spec);
	return { name: route.name, priority: route.spec.priority, match: found?.route.match ?? {} };
}

function pathRank({ path, prefix = '' }: RankedMatch): number {
	if (path?.exact !== undefined) return Number.MAX_SAFE_INTEGER;
	return path === undefined ? prefix.length : Number.MAX_SAFE_INTEGER - 1;
}

const conditions = ({ headers = [], metadata = [], queryParameters = [], ...single }: RankedMatch): number =>
	headers.length + metadata.length + queryParameters.length + conditionsOf(single);

const conditionsOf = ({ method, scheme, hostname, serviceName, methodName }: RankedMatch): number =>
	[method, scheme, hostname, serviceName, methodName].filter((each) => each !== undefined).length;
