import { quote, shown } from '../../lib/escape.ts';
import type { GatewayRouteKind } from '../gateway-route-kind.ts';
import type { GatewayRoute, GatewayView } from '../resolve-gateway.ts';
import { rewrittenPrefixes } from '../rewritten-prefixes.ts';

import type { Attempt, GatewayExplanation, Outcome } from './explanation.ts';
import { judgeRoutes } from './judged-routes.ts';
import { type MeshRequest, normalizedPath, pathAlone } from './request.ts';
import { type Condition, grpcConditions, httpConditions } from './route-conditions.ts';
import { takeRoute } from './service-routes.ts';

/** What becomes of a request that comes to a virtual gateway: first which service it is for, then the service's own routes. */
export function explainGateway({ gateway, routes }: GatewayView, attempt: Attempt): GatewayExplanation {
	const { port, request } = attempt;
	const listener = gateway.spec.listeners.find(({ portMapping }) => portMapping.port === port);
	const nowhere = {
		...{ protocol: listener?.portMapping.protocol, gatewayRoutes: [], routes: [] },
		...{ service: undefined, backend: undefined, rewritten: undefined },
	};
	const refused = refusalOf(listener, attempt);
	if (refused !== undefined || request === undefined)
		return { ...nowhere, outcome: refused ?? misspoken('something else than HTTP') };
	const own = routes.filter(({ kind }) => (kind.route.match.port ?? port) === port);
	const gatewayRoutes = judgeRoutes(own, ({ kind }) => conditionsOf(kind, request));
	const [first] = gatewayRoutes.filter(({ verdict }) => verdict === 'taken' || verdict === 'unknown');
	if (first?.verdict !== 'taken') return { ...nowhere, gatewayRoutes, outcome: untaken(first?.why) };
	return { ...nowhere, gatewayRoutes, ...destinationOf(first.route, request) };
}

type Listener = GatewayView['gateway']['spec']['listeners'][number];

function refusalOf(listener: Listener | undefined, { port, tls, request }: Attempt): Outcome | undefined {
	if (listener === undefined) return { kind: 'closed', why: `the gateway has no listener on port ${port}` };
	const mode = listener.tls?.mode ?? 'DISABLED';
	if (mode === 'STRICT' && tls === undefined)
		return { kind: 'closed', why: `port ${port} takes TLS alone (tls.mode is STRICT)` };
	if (mode === 'DISABLED' && tls !== undefined) return misspoken('TLS');
	return request === undefined ? misspoken('something else than HTTP') : undefined;
}

const misspoken = (what: string): Outcome => ({
	...{ kind: 'answered', status: 400 },
	why: `HTTP is spoken on this port, and not ${what}`,
});

const untaken = (unsure: string | undefined): Outcome =>
	unsure === undefined
		? { kind: 'answered', status: 404, why: 'no gateway route takes the request' }
		: { kind: 'unknown', why: unsure };

function conditionsOf(kind: GatewayRouteKind, request: MeshRequest): Condition[] {
	const own =
		kind.key === 'grpcRoute' ? grpcConditions(kind.route.match, request) : httpConditions(kind.route.match, request);
	return [...hostCondition(kind.route.match.hostname, request), ...own];
}

/** The `Host` may have a port, and has no case. */
function hostCondition(hostname: GatewayRouteKind['route']['match']['hostname'], { host }: MeshRequest): Condition[] {
	const { exact, suffix } = hostname ?? {};
	const name = host.toLowerCase().replace(/:\d+$/, '');
	if (exact !== undefined)
		return [{ isMet: name === exact.toLowerCase(), why: `the host is ${shown(host)}, not ${shown(exact)}` }];
	if (suffix === undefined) return [];
	const end = suffix.replace(/^\*/, '').toLowerCase();
	return [{ isMet: name.endsWith(end), why: `the host ${shown(host)} does not end with ${shown(end)}` }];
}

function destinationOf(
	{ kind, service, target }: GatewayRoute,
	request: MeshRequest,
): Partial<GatewayExplanation> & Goes {
	const keepsHost = kind.route.action.rewrite?.hostname?.defaultTargetHostname === 'DISABLED';
	const rewritten = {
		...request,
		host: keepsHost ? request.host : service,
		path: normalizedPath(pathOf(kind, request)),
	};
	if (target !== undefined) return { service, backend: target, rewritten, ...takeRoute(target, rewritten) };
	return { service, rewritten, outcome: { kind: 'answered', status: 404, why: `${quote(service)} has no provider` } };
}

type Goes = Pick<GatewayExplanation, 'service' | 'rewritten' | 'outcome'>;

function pathOf(kind: GatewayRouteKind, request: MeshRequest): string {
	if (kind.key === 'grpcRoute') return request.path;
	const query = request.path.slice(pathAlone(request).length);
	const { match, action } = kind.route;
	if (match.path !== undefined) return (action.rewrite?.path?.exact ?? pathAlone(request)) + query;
	const found = rewrittenPrefixes(kind.route).find(({ prefix }) => request.path.startsWith(prefix));
	if (found?.becomes === undefined) return request.path;
	return found.becomes + request.path.slice(found.prefix.length);
}
