// The example of the 2019 guide: serviceA calls serviceB, of which there are two versions.
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';

const meshName = 'simpleapp';
const hostOf = (name: string) => `${name}.simpleapp.local`;

type Hosts = Readonly<Record<string, string>>;

const node = (hosts: Hosts, virtualNodeName: string, backends: readonly string[] = []) => ({
	...{ meshName, virtualNodeName },
	spec: {
		...(backends.length === 0
			? {}
			: { backends: backends.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })) }),
		listeners: [{ portMapping: { port: 80, protocol: 'http' } }],
		serviceDiscovery: {
			dns: { hostname: hosts[virtualNodeName.toLowerCase()] ?? hostOf(virtualNodeName.toLowerCase()) },
		},
	},
});

/** `hosts`: where its nodes are found, by the node's name in small letters. */
export const guideResources = (weights: readonly [number, number] = [90, 10], hosts: Hosts = {}): readonly object[] => [
	{ meshName, spec: {} },
	node(hosts, 'serviceA', [hostOf('serviceB')]),
	node(hosts, 'serviceB'),
	node(hosts, 'serviceBv2'),
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
