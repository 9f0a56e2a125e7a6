import type { GatewayRouteSpec } from './schema/virtual-gateway.ts';

export type HttpGatewayRoute = NonNullable<GatewayRouteSpec['httpRoute']>;
export type GrpcGatewayRoute = NonNullable<GatewayRouteSpec['grpcRoute']>;

export type GatewayRouteKind =
	| { readonly key: 'httpRoute' | 'http2Route'; readonly protocol: 'http' | 'http2'; readonly route: HttpGatewayRoute }
	| { readonly key: 'grpcRoute'; readonly protocol: 'grpc'; readonly route: GrpcGatewayRoute };

/** The kind of route that is there; undefined for none or several. */
export function gatewayRouteOf({ httpRoute, http2Route, grpcRoute }: GatewayRouteSpec): GatewayRouteKind | undefined {
	if ([httpRoute, http2Route, grpcRoute].filter((each) => each !== undefined).length > 1) return undefined;
	if (httpRoute !== undefined) return { key: 'httpRoute', protocol: 'http', route: httpRoute };
	if (http2Route !== undefined) return { key: 'http2Route', protocol: 'http2', route: http2Route };
	return grpcRoute && { key: 'grpcRoute', protocol: 'grpc', route: grpcRoute };
}
