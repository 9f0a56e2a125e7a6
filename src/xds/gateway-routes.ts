import type { Backend } from '../mesh/resolve-backends.ts';
import type { GatewayRoute, GatewayView } from '../mesh/resolve-gateway.ts';
import { egressRoutes, ingressRoutes, selfRedirectCluster } from './app-mesh-names.ts';
import type { EgressClusters } from './egress-clusters.ts';
import { rewrittenMatches } from './gateway-rewrite.ts';
import { routesOf } from './node-routes.ts';
import type { RenderOptions } from './render-options.ts';
import type { JsonObject, Routes } from './snapshot.ts';

type Listener = GatewayView['gateway']['spec']['listeners'][number];

/** Tells the egress listener which service is meant where the host does not. */
const SERVICE_HEADER = 'x-app-mesh-virtual-service';

/** The first pass: which service a request is for, and as what it goes there. */
export function gatewayIngressRoutes(view: GatewayView, listener: Listener, { egressPort }: RenderOptions): Routes {
	const { mesh, gateway, routes } = view;
	const names = { mesh, name: gateway.name, listeners: gateway.spec.listeners };
	const cluster = selfRedirectCluster(names, listener, egressPort);
	const { port } = listener.portMapping;
	const own = routes.filter(({ kind }) => (kind.route.match.port ?? port) === port);
	const http = httpBackends(view);
	return {
		name: ingressRoutes(listener),
		virtualHosts: [
			{ name: 'self_redirect', domains: ['*'], routes: own.flatMap((route) => redirects(http, route, cluster)) },
		],
	};
}

function redirects(http: HttpBackends, route: GatewayRoute, cluster: string): JsonObject[] {
	const { name, kind, service } = route;
	const key = keyOf(http, route);
	// Envoy takes the value for a format.
	const value = key.replaceAll('%', '%%');
	const header = { header: { key: SERVICE_HEADER, value }, appendAction: 'OVERWRITE_IF_EXISTS_OR_ADD' };
	const isKept = keepsHost(route);
	return rewrittenMatches(kind).map(({ match, path }) => ({
		...{ name, match },
		route: {
			cluster,
			...path,
			...(isKept ? {} : { hostRewriteLiteral: service }),
			// The routes of the service, in the second pass, have the timeouts.
			...{ timeout: '0s', idleTimeout: '0s' },
		},
		// A client may not choose a service by itself.
		...(isKept || key !== service ? { requestHeadersToAdd: [header] } : { requestHeadersToRemove: [SERVICE_HEADER] }),
	}));
}

const keepsHost = ({ kind }: GatewayRoute): boolean =>
	kind.route.action.rewrite?.hostname?.defaultTargetHostname === 'DISABLED';

/** By service. */
type HttpBackends = ReadonlyMap<string, readonly Backend[]>;

const httpBackends = ({ backends }: GatewayView): HttpBackends =>
	Map.groupBy(
		backends.filter(({ protocol }) => protocol !== 'tcp'),
		({ service }) => service,
	);

/** The service; on another than its first port with that one. */
function keyOf(http: HttpBackends, { service, target }: Pick<GatewayRoute, 'service' | 'target'>): string {
	const [first] = http.get(service) ?? [];
	return target === undefined || target.port === first?.port ? service : `${service}:${target.port}`;
}

/** The second pass: the service's own routes. */
export function gatewayEgressRoutes(
	view: GatewayView,
	{ nameOf }: EgressClusters,
	{ egressPort }: RenderOptions,
): Routes {
	const http = httpBackends(view);
	const asked = (target: Backend): JsonObject[] => [
		{ name: SERVICE_HEADER, stringMatch: { exact: keyOf(http, { service: target.service, target }) } },
	];
	// With a host of its own, which may be the name of another service, a request says by the header where it is going.
	const kept = new Set(view.routes.flatMap((route) => (keepsHost(route) ? (route.target ?? []) : [])));
	const unasked = kept.size === 0 ? [] : [{ name: SERVICE_HEADER, presentMatch: true, invertMatch: true }];
	const names = [...new Set(view.routes.map(({ service }) => service))];
	const taken = new Set(names.map((name) => name.toLowerCase()));
	const services = names.map((service) => {
		const withPort = `${service}:${egressPort}`;
		const [first, ...others] = http.get(service) ?? [];
		return virtualHost(
			service,
			[service, ...(taken.has(withPort.toLowerCase()) ? [] : [withPort])],
			[
				...[...new Set([...others, ...kept])].flatMap((backend) => routesOf(backend, nameOf, asked(backend))),
				...(first === undefined ? [] : routesOf(first, nameOf, unasked)),
			],
		);
	});
	const any = [...http.values()].flat().flatMap((backend) => routesOf(backend, nameOf, asked(backend)));
	return { name: egressRoutes(egressPort), virtualHosts: [...services, virtualHost('default_backend', ['*'], any)] };
}

const virtualHost = (name: string, domains: readonly string[], routes: readonly JsonObject[]): JsonObject => ({
	...{ name, domains, routes },
	requestHeadersToRemove: [SERVICE_HEADER],
	responseHeadersToRemove: [SERVICE_HEADER],
});
