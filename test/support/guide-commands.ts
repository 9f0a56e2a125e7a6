// The commands of App Mesh's guide of 2019, word for word, and the files that they read; in an order in which each finds what
// it names. Of a thing that the guide shows one of, and speaks of more, the others are made like it.

const meshName = 'simpleapp';
const listeners = (port: number) => [{ portMapping: { port, protocol: 'http' } }];

const node = (virtualNodeName: string, port: number, spec: object = {}) => ({
	meshName,
	spec: {
		...spec,
		listeners: listeners(port),
		serviceDiscovery: { dns: { hostname: `${virtualNodeName}.simpleapp.local` } },
	},
	virtualNodeName,
});

const service = (virtualServiceName: string) => ({
	meshName,
	spec: { provider: { virtualRouter: { virtualRouterName: 'serviceB' } } },
	virtualServiceName,
});

/** What service A calls. */
export const guideService = 'serviceB.simpleapp.local';

export type Weights = readonly [v1: number, v2: number];

export const guideWeights: Weights = [90, 10];

/** Where the weights of service B's versions are. */
export const guideRoute = ([v1, v2]: Weights) => ({
	...{ meshName, routeName: 'serviceB-route' },
	spec: {
		httpRoute: {
			action: {
				weightedTargets: [
					{ virtualNode: 'serviceBv1', weight: v1 },
					{ virtualNode: 'serviceBv2', weight: v2 },
				],
			},
			match: { prefix: '/' },
		},
	},
	virtualRouterName: 'serviceB',
});

export const ROUTE_FILE = 'serviceB-routes.json';

/** By their names. */
export const guideInputs: Readonly<Record<string, object>> = {
	'serviceA.json': node('serviceA', 8080, { backends: [{ virtualService: { virtualServiceName: guideService } }] }),
	'serviceBv1.json': node('serviceBv1', 80),
	'serviceBv2.json': node('serviceBv2', 80),
	'serviceB-router.json': { meshName, spec: { listeners: listeners(80) }, virtualRouterName: 'serviceB' },
	[ROUTE_FILE]: guideRoute(guideWeights),
	'serviceB-virtual-service.json': service('serviceB'),
	'serviceB-local-virtual-service.json': service(guideService),
};

export const byFile = (operation: string, file: string): readonly string[] => [
	...[operation, '--cli-input-json', `file://${file}`],
];

/** What stands after `aws appmesh`. */
export const guideCommands: readonly (readonly string[])[] = [
	['create-mesh', '--mesh-name', meshName],
	byFile('create-virtual-node', 'serviceA.json'),
	byFile('create-virtual-node', 'serviceBv1.json'),
	byFile('create-virtual-node', 'serviceBv2.json'),
	byFile('create-virtual-router', 'serviceB-router.json'),
	byFile('create-route', ROUTE_FILE),
	byFile('create-virtual-service', 'serviceB-virtual-service.json'),
	byFile('create-virtual-service', 'serviceB-local-virtual-service.json'),
];
