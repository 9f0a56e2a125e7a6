import type { GrpcRoute, HttpRoute, RouteSpec, TcpRoute, WeightedTarget } from './schema/route.ts';
import type { NodeListener } from './schema/virtual-node.ts';

export type RouteKind =
	| { readonly key: 'httpRoute' | 'http2Route'; readonly protocol: 'http' | 'http2'; readonly route: HttpRoute }
	| { readonly key: 'grpcRoute'; readonly protocol: 'grpc'; readonly route: GrpcRoute }
	| { readonly key: 'tcpRoute'; readonly protocol: 'tcp'; readonly route: TcpRoute };

/** The kind of route that is there; undefined for none or several. */
export function routeOf(spec: RouteSpec): (RouteKind & { readonly targets: readonly WeightedTarget[] }) | undefined {
	const { httpRoute, http2Route, grpcRoute, tcpRoute } = spec;
	const [route, ...more] = [httpRoute, http2Route, grpcRoute, tcpRoute].filter((each) => each !== undefined);
	if (route === undefined || more.length > 0) return undefined;
	const targets = route.action.weightedTargets;
	if (httpRoute !== undefined) return { key: 'httpRoute', protocol: 'http', route: httpRoute, targets };
	if (http2Route !== undefined) return { key: 'http2Route', protocol: 'http2', route: http2Route, targets };
	if (grpcRoute !== undefined) return { key: 'grpcRoute', protocol: 'grpc', route: grpcRoute, targets };
	return tcpRoute && { key: 'tcpRoute', protocol: 'tcp', route: tcpRoute, targets };
}

/** The listener that a target means: the one on its port; without a port the only one. */
export function targetPort(listeners: readonly NodeListener[], port: number | undefined): NodeListener | undefined {
	if (port === undefined) return listeners.length === 1 ? listeners[0] : undefined;
	return listeners.find(({ portMapping }) => portMapping.port === port);
}
