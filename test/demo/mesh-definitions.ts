// The example of App Mesh's guide of 2019, as files of definitions that the demo saves anew.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MeshState {
	/** Of version 1 and version 2. */
	readonly weights: readonly [number, number];
	/** A route of its own for this prefix, to version 2 alone. */
	readonly prefix?: string;
	readonly egressFilter?: 'ALLOW_ALL' | 'DROP_ALL';
}

const meshName = 'simpleapp';
const service = 'serviceb.simpleapp.local';
const portMapping = { port: 80, protocol: 'http' };
/** The least that App Mesh allows. */
const healthCheck = {
	...{ protocol: 'http', path: '/', intervalMillis: 5_000, timeoutMillis: 2_000 },
	...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};

const node = (virtualNodeName: string, hostname: string, backends: readonly string[] = []) => ({
	...{ meshName, virtualNodeName },
	spec: {
		backends: backends.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })),
		listeners: [{ portMapping, healthCheck }],
		// Each address by itself: one of several hosts may fail.
		serviceDiscovery: { dns: { hostname, responseType: 'ENDPOINTS' } },
	},
});

const route = (routeName: string, prefix: string, weights: readonly number[]) => ({
	...{ meshName, virtualRouterName: 'serviceB', routeName },
	spec: {
		httpRoute: {
			match: { prefix },
			action: {
				weightedTargets: ['serviceB', 'serviceBv2']
					.map((virtualNode, at) => ({ virtualNode, weight: weights[at] ?? 0 }))
					.filter(({ weight }) => weight > 0),
			},
		},
	},
});

const resourcesOf = ({ weights, prefix, egressFilter = 'DROP_ALL' }: MeshState): Readonly<Record<string, object>> => ({
	mesh: { meshName, spec: { egressFilter: { type: egressFilter } } },
	'node-a': node('serviceA', 'servicea.simpleapp.local', [service]),
	'node-b': node('serviceB', service),
	'node-b-v2': node('serviceBv2', 'servicebv2.simpleapp.local'),
	router: { ...{ meshName, virtualRouterName: 'serviceB' }, spec: { listeners: [{ portMapping }] } },
	route: route('serviceB-route', '/', weights),
	...(prefix === undefined ? {} : { 'route-prefix': route('serviceB-prefix', prefix, [0, 100]) }),
	service: {
		...{ meshName, virtualServiceName: service },
		spec: { provider: { virtualRouter: { virtualRouterName: 'serviceB' } } },
	},
});

/** As an editor does: what is saved is there at once, or not at all. */
export function saveMesh(folder: string, state: MeshState): void {
	mkdirSync(folder, { recursive: true });
	for (const [name, resource] of Object.entries(resourcesOf(state))) {
		const path = join(folder, `${name}.json`);
		writeFileSync(`${path}~`, `${JSON.stringify(resource, null, '\t')}\n`);
		renameSync(`${path}~`, path);
	}
}

/** Of each host: the names that it is found by. */
export const meshNames = {
	'service-a': ['servicea.simpleapp.local'],
	'service-b': [service],
	'service-b-v2': ['servicebv2.simpleapp.local'],
	'service-b-v2-too': ['servicebv2.simpleapp.local'],
} as const;

export const serviceB = service;
