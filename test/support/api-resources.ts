// One of each resource of App Mesh, as the API takes them one after the other.
import { API } from '../../src/mesh/schema/collections.ts';
import type { Kind } from '../../src/mesh/schema/kinds.ts';

export interface ApiResource {
	readonly kind: Kind;
	/** Below the API. */
	readonly collection: string;
	readonly name: string;
	readonly spec: object;
	/** That it is changed to. */
	readonly next: object;
}

const listeners = (port: number) => [{ portMapping: { port, protocol: 'http' } }];
const node = (port: number) => ({ listeners: listeners(port), serviceDiscovery: { dns: { hostname: 'n.local' } } });
const route = (weight: number) => ({
	httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode: 'n', weight }] } },
});
const gatewayRoute = (prefix: string) => ({
	httpRoute: { match: { prefix }, action: { target: { virtualService: { virtualServiceName: 's.local' } } } },
});

/** In the order in which one needs the other. */
export const apiResources: readonly ApiResource[] = [
	{ kind: 'mesh', collection: '/meshes', name: 'm', spec: {}, next: { egressFilter: { type: 'ALLOW_ALL' } } },
	{ kind: 'virtualNode', collection: '/meshes/m/virtualNodes', name: 'n', spec: node(80), next: node(81) },
	{
		...{ kind: 'virtualRouter', collection: '/meshes/m/virtualRouters', name: 'r' },
		...{ spec: { listeners: listeners(80) }, next: { listeners: listeners(8080) } },
	},
	{
		...{ kind: 'route', collection: '/meshes/m/virtualRouter/r/routes', name: 'all' },
		...{ spec: route(1), next: route(100) },
	},
	{
		...{ kind: 'virtualService', collection: '/meshes/m/virtualServices', name: 's.local' },
		spec: { provider: { virtualRouter: { virtualRouterName: 'r' } } },
		next: { provider: { virtualNode: { virtualNodeName: 'n' } } },
	},
	{
		...{ kind: 'virtualGateway', collection: '/meshes/m/virtualGateways', name: 'g' },
		...{ spec: { listeners: listeners(8080) }, next: { listeners: listeners(9090) } },
	},
	{
		...{ kind: 'gatewayRoute', collection: '/meshes/m/virtualGateway/g/gatewayRoutes', name: 'all' },
		...{ spec: gatewayRoute('/'), next: gatewayRoute('/a') },
	},
];

export const arnIn = (account: string, region: string, { kind, collection, name }: ApiResource): string => {
	const path = collection
		.replace(API, '')
		.replace('/meshes/', 'mesh/')
		.replace(/\/\w+$/, '');
	return `arn:aws:appmesh:${region}:${account}:${kind === 'mesh' ? 'mesh' : `${path}/${kind}`}/${name}`;
};
