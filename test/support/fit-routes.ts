// Makes routes that were drawn fit their router or gateway, and their targets.
import type { Spec } from '../../src/mesh/schema/kinds.ts';
import { isTarget, type Places, pick, portsOf } from './fit-mesh.ts';
import type { Drawn } from './valid-mesh.ts';

type Fitted<K extends 'route' | 'gatewayRoute'> = Drawn<K> & { readonly parent: string };
type RouteSpec = Spec<'route'>;
type Http = NonNullable<RouteSpec['httpRoute']>;
type Grpc = NonNullable<RouteSpec['grpcRoute']>;

const keyOf = { http: 'httpRoute', http2: 'http2Route', grpc: 'grpcRoute', tcp: 'tcpRoute' } as const;
type Protocol = keyof typeof keyOf;

interface Place {
	readonly parent: string;
	readonly port: number;
	readonly protocol: Protocol;
	/** Its router or gateway has no other listener. */
	readonly isOnly: boolean;
}

type Listening = {
	readonly name: string;
	readonly spec: {
		readonly listeners?: readonly { readonly portMapping: { readonly port: number; readonly protocol: Protocol } }[];
	};
};

const placesOf = (all: readonly Listening[]): Place[] =>
	all.flatMap(({ name, spec: { listeners = [] } }) =>
		listeners.map(({ portMapping }) => ({ ...portMapping, parent: name, isOnly: listeners.length === 1 })),
	);

export function fitRoutes(routes: readonly Drawn<'route'>[], places: Places): Fitted<'route'>[] {
	const taken = new Set<string>();
	const targets = placesOf(places.nodes.filter(isTarget));
	const all = placesOf(places.routers).filter((place) => targets.some(({ protocol }) => protocol === place.protocol));
	return routes.flatMap((route) => {
		const at = pick(all, route.place);
		if (at === undefined) return [];
		const tcp = JSON.stringify([at.parent, at.port]);
		const spec = at.protocol === 'tcp' && taken.has(tcp) ? undefined : fitRoute(route.spec, at, places);
		if (at.protocol === 'tcp') taken.add(tcp);
		return spec === undefined ? [] : [{ ...route, spec, parent: at.parent }];
	});
}

/** Undefined: no node can be its target. */
function fitRoute(drawn: RouteSpec, at: Place, places: Places): RouteSpec | undefined {
	const { httpRoute, http2Route, grpcRoute, tcpRoute, ...spec } = drawn;
	const fitted = {
		http: httpRoute && { ...httpRoute, match: fitHttpMatch(httpRoute.match, at) },
		http2: http2Route && { ...http2Route, match: fitHttpMatch(http2Route.match, at) },
		grpc: grpcRoute && { ...grpcRoute, match: fitGrpcMatch(grpcRoute.match, at) },
		tcp: tcpRoute && fitTcp(tcpRoute, at),
	}[at.protocol];
	const action = fitted && fitAction(fitted.action, at, places);
	return action && { ...spec, [keyOf[at.protocol]]: { ...fitted, action } };
}

type Tcp = NonNullable<RouteSpec['tcpRoute']>;

const fitTcp = ({ match, ...route }: Tcp, at: Place): Tcp => ({
	...route,
	...(match === undefined && at.isOnly ? {} : { match: { ...match, ...portFor(match?.port, at) } }),
});

type Action = Http['action'];

function fitAction({ weightedTargets, ...action }: Action, { protocol }: Place, { nodes }: Places): Action | undefined {
	const targets = placesOf(nodes.filter(isTarget)).filter((place) => place.protocol === protocol);
	if (targets.length === 0) return undefined;
	const fitted = weightedTargets.flatMap(({ port, virtualNode, ...rest }) => {
		const target = pick(targets, virtualNode);
		if (target === undefined) return [];
		return [
			{ ...rest, virtualNode: target.parent, ...(port === undefined && target.isOnly ? {} : { port: target.port }) },
		];
	});
	const isNothing = fitted.every(({ weight }) => weight === 0);
	return { ...action, weightedTargets: isNothing ? fitted.map((target) => ({ ...target, weight: 1 })) : fitted };
}

/** Of a router or gateway with several listeners the port says which. */
const portFor = (port: number | undefined, at: Place) => (port === undefined && at.isOnly ? {} : { port: at.port });

type HttpMatch = Http['match'];
type Header = NonNullable<HttpMatch['headers']>[number];
type Path = NonNullable<HttpMatch['path']>;

function fitHttpMatch<M extends HttpMatch>({ headers, path, prefix, port, ...match }: M, at: Place) {
	const only = path && fitPath(path);
	return {
		...match,
		...portFor(port, at),
		...(headers === undefined ? {} : { headers: headers.map(fitHeader) }),
		...(only === undefined ? {} : { path: only }),
		...(only !== undefined || prefix === undefined ? {} : { prefix }),
	};
}

function fitPath({ exact, regex, ...rest }: Path): Path | undefined {
	if (exact !== undefined) return { ...rest, exact };
	return regex === undefined ? undefined : { ...rest, regex };
}

function fitHeader({ match, ...header }: Header): Header {
	if (match?.range === undefined) return match === undefined ? header : { ...header, match };
	const { start, end } = match.range;
	const [low, high] = [Math.min(start, end), Math.max(start, end)];
	return { ...header, match: { range: { start: low === high ? low - 1 : low, end: high } } };
}

type GrpcMatch = Grpc['match'];

function fitGrpcMatch<M extends GrpcMatch>({ metadata, methodName, port, ...match }: M, at: Place) {
	return {
		...match,
		...portFor(port, at),
		...(metadata === undefined ? {} : { metadata: metadata.map(fitHeader) }),
		...(methodName === undefined || match.serviceName === undefined ? {} : { methodName }),
	};
}

interface Gateways extends Places {
	readonly gateways: readonly Drawn<'virtualGateway'>[];
}

type GatewaySpec = Spec<'gatewayRoute'>;
type HttpGateway = NonNullable<GatewaySpec['httpRoute']>;
type GrpcGateway = NonNullable<GatewaySpec['grpcRoute']>;

export function fitGatewayRoutes(routes: readonly Drawn<'gatewayRoute'>[], places: Gateways): Fitted<'gatewayRoute'>[] {
	const all = placesOf(places.gateways);
	return routes.flatMap((route) => {
		const at = pick(all, route.place);
		const spec = at && fitGatewayRoute(route.spec, at, places);
		return at === undefined || spec === undefined ? [] : [{ ...route, spec, parent: at.parent }];
	});
}

/** Undefined: no service can be its target. */
function fitGatewayRoute(drawn: GatewaySpec, at: Place, places: Places): GatewaySpec | undefined {
	const { httpRoute, http2Route, grpcRoute, ...spec } = drawn;
	const http = at.protocol === 'http' ? httpRoute : http2Route;
	if (at.protocol === 'grpc') {
		const target = grpcRoute && fitTarget(grpcRoute.action.target, places);
		return grpcRoute && target && { ...spec, grpcRoute: fitGrpcGateway(grpcRoute, target, at) };
	}
	const target = http && fitTarget(http.action.target, places);
	const fitted = http && target && fitHttpGateway(http, target, at);
	return fitted && { ...spec, [at.protocol === 'http' ? 'httpRoute' : 'http2Route']: fitted };
}

const fitGrpcGateway = ({ action, match, ...route }: GrpcGateway, target: Target, at: Place): GrpcGateway => {
	const { hostname, ...rest } = match;
	return { ...route, action: { ...action, target }, match: { ...fitGrpcMatch(rest, at), ...fitHostname(hostname) } };
};

function fitHttpGateway({ action, match, ...route }: HttpGateway, target: Target, at: Place): HttpGateway {
	const { hostname, ...others } = match;
	const { rewrite, ...rest } = action;
	const fitted = fitHttpMatch(others, at);
	const isPath = 'path' in fitted;
	return {
		...route,
		action: { ...rest, target, ...(rewrite === undefined ? {} : { rewrite: fitRewrite(rewrite, isPath) }) },
		match: { ...fitted, ...fitHostname(hostname) },
	};
}

type Rewrite = NonNullable<HttpGateway['action']['rewrite']>;

/** A path that is matched is replaced as a whole, and else a prefix. */
function fitRewrite({ path, prefix, ...rewrite }: Rewrite, isPath: boolean): Rewrite {
	if (isPath) return { ...rewrite, ...(path === undefined ? {} : { path }) };
	const { defaultPrefix, value, ...rest } = prefix ?? {};
	const one = value === undefined ? { ...(defaultPrefix === undefined ? {} : { defaultPrefix }) } : { value };
	return { ...rewrite, ...(prefix === undefined ? {} : { prefix: { ...rest, ...one } }) };
}

function fitHostname({ exact, suffix, ...rest }: NonNullable<HttpGateway['match']['hostname']> = {}) {
	if (exact === undefined && suffix === undefined) return {};
	return { hostname: { ...rest, ...(exact === undefined ? { suffix: suffix ?? '' } : { exact }) } };
}

type Target = HttpGateway['action']['target'];

/** A gateway has no routes for tcp. */
function fitTarget({ port, virtualService, ...target }: Target, places: Places): Target | undefined {
	const able = places.services.flatMap((service) => {
		const ports = portsOf(service, places);
		const http = ports.filter(({ protocol }) => protocol !== 'tcp');
		// Of all names that is the one that a gateway needs itself.
		if (service.name === '*') return [];
		return ports.length > 0 && http.length === 0 ? [] : [{ name: service.name, ports, http }];
	});
	const chosen = pick(able, virtualService.virtualServiceName);
	if (chosen === undefined) return undefined;
	const { name, ports, http } = chosen;
	const own = ports.length === 0 ? port : pick(http, port ?? 0)?.port;
	return {
		...target,
		virtualService: { ...virtualService, virtualServiceName: name },
		...(own === undefined || (port === undefined && ports.length < 2) ? {} : { port: own }),
	};
}
