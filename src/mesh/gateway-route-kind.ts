import type { GatewayRouteSpec } from './schema/virtual-gateway.ts';

export type HttpGatewayRoute = NonNullable<GatewayRouteSpec['httpRoute']>;
export type GrpcGatewayRoute = NonNullable<GatewayRouteSpec['grpcRoute']>;

export type GatewayRouteKind =
	| { readonly key: 'httpRoute' | 'http2Route'; readonly protocol: 'http' | 'http2'; readonly route: HttpGatewayRoute }
	| { readonly key: 'grpcRoute'; readonly protocol: 'grpc'; readonly route: GrpcGatewayRoute };

/** The kind of route that is there; undefined for none or several. */
export function gatewayRouteOf({ httpRoute, http2Route, grpcRoute }: GatewayRouteSpec): GatewayRouteKind | undefined {
	const found: GatewayRouteKind[] = [
		...(httpRoute === undefined ? [] : [{ key: 'httpRoute', protocol: 'http', route: httpRoute } as const]),
		...(http2Route === undefined ? [] : [{ key: 'http2Route', protocol: 'http2', route: http2Route } as const]),
		...(grpcRoute === undefined ? [] : [{ key: 'grpcRoute', protocol: 'grpc', route: grpcRoute } as const]),
	];
	return found.length === 1 ? found[0] : undefined;
}
