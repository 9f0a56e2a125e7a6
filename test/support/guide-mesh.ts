// The example of the 2019 guide: serviceA calls serviceB, of which there are two versions.
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';

const meshName = 'simpleapp';
const hostOf = (name: string) => `${name}.simpleapp.local`;

const node = (virtualNodeName: string, backends: readonly string[] = []) => ({
	...{ meshName, virtualNodeName },
	spec: {
		...(backends.length === 0
			? {}
			: { backends: backends.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })) }),
		listeners: [{ portMapping: { port: 80, protocol: 'http' } }],
		serviceDiscovery: { dns: { hostname: hostOf(virtualNodeName.toLowerCase()) } },
	},
});

export const guideResources = (weights: readonly [number, number] = [90, 10]): readonly object[] => [
	{ meshName, spec: {} },
	node('serviceA', [hostOf('serviceB')]),
	node('serviceB'),
	node('serviceBv2'),
	{
		...{ meshName, virtualRouterName: 'serviceB' },
		spec: { listeners: [{ portMapping: { port: 80, protocol: 'http' } }] },
	},
	{
		...{ meshName, virtualRouterName: 'serviceB', routeName: 'serviceB-route' },
		spec: {
			httpRoute: {
				action: {
					weightedTargets: ['serviceB', 'serviceBv2'].map((virtualNode, at) => ({ virtualNode, weight: weights[at] })),
				},
				match: { prefix: '/' },
			},
		},
	},
	{
		...{ meshName, virtualServiceName: hostOf('serviceB') },
		spec: { provider: { virtualRouter: { virtualRouterName: 'serviceB' } } },
	},
];

/** One file for each resource. */
export const guideFiles = (weights?: readonly [number, number]): DefinitionFile[] =>
	guideResources(weights).map((resource, at) => ({ path: `${at}.json`, text: JSON.stringify(resource, null, 2) }));
