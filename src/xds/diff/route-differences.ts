import type { Json, JsonObject } from '../snapshot.ts';
import { matchWords, weightsOf, weightsShown, weightsText } from './cluster-words.ts';
import { changeOf, type Difference, valuesText } from './difference.ts';
import { byName, valueDifferences } from './value-differences.ts';

interface Route extends JsonObject {
	readonly name: string;
	readonly match: JsonObject;
	readonly route: JsonObject;
}

interface VirtualHost extends JsonObject {
	readonly name: string;
	readonly routes: readonly Route[];
}

interface Context {
	readonly mesh: string;
	readonly resource: string;
	/** The virtual host, as people call it. */
	readonly place: string;
	readonly path: readonly string[];
}

/** Of two route configurations of one name: services, their routes, their weights. */
export function routeDifferences(
	mesh: string,
	resource: string,
	before: JsonObject = {},
	after: JsonObject = {},
): Difference[] {
	const { virtualHosts: oldHosts, ...oldRest } = before;
	const { virtualHosts: newHosts, ...newRest } = after;
	const [old, now] = [hostsOf(oldHosts), hostsOf(newHosts)];
	const isChanged = Object.keys(before).length > 0 && Object.keys(after).length > 0;
	const rest = isChanged ? others({ mesh, resource, place: resource, path: [] }, oldRest, newRest) : [];
	const hosts = [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
		const [was, is] = [old.get(name), now.get(name)];
		const context = { mesh, resource, place: placeOf(resource, name), path: ['virtualHosts', name] };
		if (was !== undefined && is !== undefined) return hostDifferences(context, was, is);
		const names = [...keyed((was ?? is)?.routes ?? []).keys()].join(', ');
		const text = `${context.place}${names === '' ? ', without routes' : `, with the routes ${names}`}`;
		return [{ ...differs(context, was, is), text: name in OWN_HOSTS ? context.place : text }];
	});
	return [...rest, ...hosts];
}

const hostsOf = (hosts: Json | undefined) => byName((hosts ?? []) as readonly VirtualHost[]);

/** `rds_egress_http_80`: a service has this port. */
function placeOf(resource: string, host: string): string {
	const [, direction = '', port = ''] = /^rds_(ingress|egress)_\w+?_(\d+)$/.exec(resource) ?? [];
	if (direction !== 'egress') return `inbound port ${port}`;
	return host in OWN_HOSTS ? `port ${port}: ${OWN_HOSTS[host]}` : `${host}:${port}`;
}

/** Virtual hosts that are no services. */
const OWN_HOSTS: Readonly<Record<string, string>> = {
	mesh_allow_all: 'hosts that are no services pass to their own addresses',
	turnout_without_provider: 'services without a provider are answered with 404',
	default_backend: 'requests that keep their host',
};

function hostDifferences(context: Context, before: VirtualHost, after: VirtualHost): Difference[] {
	const { routes: oldRoutes, ...oldRest } = before;
	const { routes: newRoutes, ...newRest } = after;
	const [old, now] = [keyed(oldRoutes), keyed(newRoutes)];
	const names = [...new Set([...old.keys(), ...now.keys()])];
	return [
		...others(context, oldRest, newRest),
		...names.flatMap((name) => oneRoute(context, name, old.get(name), now.get(name))),
		...orderOf(context, old, now),
	];
}

/** The route to an application has no name, and is the only one. */
const keyed = (routes: readonly Route[]): ReadonlyMap<string, Route> =>
	byName(routes.map((route) => ({ ...route, name: route.name ?? 'all' })));

function oneRoute(around: Context, name: string, before: Route | undefined, after: Route | undefined): Difference[] {
	const context = { ...around, place: `${around.place}, route ${name}`, path: [...around.path, 'routes', name] };
	if (before !== undefined && after !== undefined) return changedRoute(context, before, after);
	const { match = {}, route = {} } = before ?? after ?? {};
	const text = `${context.place}: ${matchWords(match)} to ${weightsShown(context.mesh, weightsOf(route))}`;
	return [{ ...differs(context, before, after), text }];
}

function changedRoute(context: Context, before: Route, after: Route): Difference[] {
	const weights = weightsText(context.mesh, weightsOf(before.route), weightsOf(after.route));
	const own = { ...context, path: [...context.path, 'route', 'weightedClusters'] };
	const [was, is] = [weighted(before.route), weighted(after.route)];
	const text = `${context.place}: weights ${weights}`;
	return [
		...(weights === '' ? [] : [{ ...differs(own, was, is), text }]),
		...others(context, unweighted(before), unweighted(after)),
	];
}

const weighted = ({ weightedClusters, cluster }: JsonObject): Json => weightedClusters ?? cluster ?? {};

function unweighted({ route: { weightedClusters: _, cluster: __, ...action }, ...rest }: Route): JsonObject {
	return { ...rest, route: action };
}

const others = (context: Context, before: JsonObject, after: JsonObject): Difference[] =>
	valueDifferences(before, after).map(({ path, before: was, after: is }) => ({
		...differs({ ...context, path: [...context.path, ...path] }, was, is),
		text: `${context.place}: ${path.join('.')} ${valuesText(was, is)}`,
	}));

function orderOf(context: Context, old: ReadonlyMap<string, Route>, now: ReadonlyMap<string, Route>): Difference[] {
	const before = [...old.keys()].filter((name) => now.has(name));
	const after = [...now.keys()].filter((name) => old.has(name));
	if (String(before) === String(after)) return [];
	const text = `${context.place}: routes are tried in the order ${after.join(', ')}`;
	return [{ ...differs({ ...context, path: [...context.path, 'routes', 'order'] }, before, after), text }];
}

const differs = ({ resource, path }: Context, before: Json | undefined, after: Json | undefined) => ({
	...{ change: changeOf(before, after), kind: 'routes' as const, resource, path },
	...(before === undefined ? {} : { before }),
	...(after === undefined ? {} : { after }),
});
