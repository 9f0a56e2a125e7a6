// Definitions of a mesh in few words: each as the CLI takes it.
import type { Spec } from '../../src/mesh/schema/kinds.ts';
import { addresses } from '../lab/net/layout.ts';

const meshName = 'lab';

type Protocol = 'http' | 'http2' | 'grpc' | 'tcp';
type NodeSpec = Spec<'virtualNode'>;
type Listener = NonNullable<NodeSpec['listeners']>[number];
type RouteSpec = Spec<'route'>;

export interface Part extends Partial<Omit<Listener, 'portMapping'>> {
	readonly port: number;
	readonly protocol?: Protocol;
	/** Where it is found; one of the world's unless given. */
	readonly hostname?: string;
	/** Each address of its name by itself. */
	readonly isMany?: boolean;
	readonly ipPreference?: 'IPv6_PREFERRED' | 'IPv4_PREFERRED' | 'IPv4_ONLY' | 'IPv6_ONLY';
}

export const mesh = (type: 'ALLOW_ALL' | 'DROP_ALL' = 'DROP_ALL', more: Spec<'mesh'> = {}): object => ({
	meshName,
	spec: { egressFilter: { type }, ...more },
});

/** A target. */
export const node = (
	virtualNodeName: string,
	{ port, protocol = 'http', hostname = addresses.remote.v4, isMany = false, ipPreference, ...listener }: Part,
): object => ({
	...{ meshName, virtualNodeName },
	spec: {
		listeners: [{ portMapping: { port, protocol }, ...listener }],
		serviceDiscovery: {
			dns: {
				...{ hostname, responseType: isMany ? 'ENDPOINTS' : 'LOADBALANCER' },
				...(ipPreference === undefined ? {} : { ipPreference }),
			},
		},
	},
});

/** Who asks; `more`: the rest of its spec. */
export const client = (services: readonly string[], more: NodeSpec = {}): object => ({
	...{ meshName, virtualNodeName: 'client' },
	spec: {
		backends: services.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })),
		...more,
	},
});

export interface Router {
	readonly port?: number;
	readonly protocol?: Protocol;
	/** Listeners beside that one. */
	readonly more?: readonly { readonly port: number; readonly protocol: Protocol }[];
	readonly routes: Readonly<Record<string, RouteSpec>>;
}

/** A service, its router and the router's routes. */
export const service = (
	virtualServiceName: string,
	{ port = 80, protocol = 'http', more = [], routes }: Router,
): object[] => {
	const virtualRouterName = virtualServiceName.replaceAll('.', '-');
	return [
		{ ...{ meshName, virtualServiceName }, spec: { provider: { virtualRouter: { virtualRouterName } } } },
		{
			...{ meshName, virtualRouterName },
			spec: { listeners: [{ port, protocol }, ...more].map((portMapping) => ({ portMapping })) },
		},
		...Object.entries(routes).map(([routeName, spec]) => ({ ...{ meshName, virtualRouterName, routeName }, spec })),
	];
};

/** A service without a router. */
export const serviceOf = (virtualServiceName: string, virtualNodeName?: string): object => ({
	...{ meshName, virtualServiceName },
	spec: virtualNodeName === undefined ? {} : { provider: { virtualNode: { virtualNodeName } } },
});

export const gateway = (virtualGatewayName: string, spec: Spec<'virtualGateway'>): object => ({
	...{ meshName, virtualGatewayName },
	spec,
});

export const gatewayRoute = (virtualGatewayName: string, gatewayRouteName: string, spec: Spec<'gatewayRoute'>) => ({
	...{ meshName, virtualGatewayName, gatewayRouteName },
	spec,
});

/** Nodes by their weights, as an action has them. */
export const to = (weights: Readonly<Record<string, number>>) => ({
	weightedTargets: Object.entries(weights).map(([virtualNode, weight]) => ({ virtualNode, weight })),
});

export const only = (virtualNode: string) => to({ [virtualNode]: 1 });
