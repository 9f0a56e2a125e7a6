// The mesh that is measured: a node that asks, one service of several versions, and as many other services as are wanted.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DefinitionFile, loadMesh } from '../../../src/mesh/load-mesh.ts';
import { nodeSnapshot } from '../../../src/xds/node-snapshot.ts';
import type { Snapshot } from '../../../src/xds/snapshot.ts';
import { monotonicMs } from './monotonic.ts';

export interface MeshState {
	/** Of versions 1 and 2. */
	readonly weights?: readonly [number, number];
	/** Instead of them: a node that no former state had. */
	readonly generation?: number;
	/** A route of its own for `extraPath`. */
	readonly hasRoute?: boolean;
	/** The asking node is called on `extraPort` too. */
	readonly hasListener?: boolean;
	/** Beside the one that is asked: each with a router and two routes. */
	readonly services?: number;
}

const meshName = 'bench';
export const names = { asker: 'asker.bench.local', answerer: 'answerer.bench.local', service: 'service.bench.local' };
export const nodes = { asker: `mesh/${meshName}/virtualNode/asker`, answerer: `mesh/${meshName}/virtualNode/answerer` };
export const extraPath = '/extra';
export const extraPort = 8090;
export const servicePort = 80;

/** What the answering host serves, by port. */
export const versions = [
	[80, 'v1'],
	[8080, 'v2'],
	[8081, 'v3'],
	[8082, 'extra'],
] as const;

/** Who answers for the node of this generation. */
export const versionOf = (generation: number): (typeof versions)[number] => versions[generation % 3] ?? versions[0];

const listener = (port: number) => ({ portMapping: { port, protocol: 'http' } });

const node = (
	virtualNodeName: string,
	hostname: string,
	ports: readonly number[],
	backends: readonly string[] = [],
) => ({
	...{ meshName, virtualNodeName },
	spec: {
		backends: backends.map((virtualServiceName) => ({ virtualService: { virtualServiceName } })),
		listeners: ports.map(listener),
		serviceDiscovery: { dns: { hostname } },
	},
});

const route = (router: string, routeName: string, prefix: string, weights: Readonly<Record<string, number>>) => ({
	...{ meshName, virtualRouterName: router, routeName },
	spec: {
		httpRoute: {
			match: { prefix },
			action: { weightedTargets: Object.entries(weights).map(([virtualNode, weight]) => ({ virtualNode, weight })) },
		},
	},
});

const service = (virtualServiceName: string, virtualRouterName: string) => [
	{ ...{ meshName, virtualServiceName }, spec: { provider: { virtualRouter: { virtualRouterName } } } },
	{ ...{ meshName, virtualRouterName }, spec: { listeners: [listener(servicePort)] } },
];

const ROUTER = 'service';
/** Other services share so many nodes. */
const OTHER_NODES = 20;

const otherName = (at: number): string => `service-${at}.bench.local`;
const otherNode = (at: number): string => `other-${at % OTHER_NODES}`;

const otherService = (at: number): object[] => [
	...service(otherName(at), `router-${at}`),
	route(`router-${at}`, 'canary', '/v2/api/', { [otherNode(at)]: 90, [otherNode(at + 1)]: 10 }),
	route(`router-${at}`, 'all', '/', { [otherNode(at)]: 100 }),
];

const otherNodes = (): object[] =>
	Array.from({ length: OTHER_NODES }, (_, at) => node(otherNode(at), names.answerer, [versions[0][0]]));

/** What the changes are about, in one file: it is there at once, or not at all. */
function changing({ weights = [100, 0], generation, hasRoute, hasListener, services = 0 }: MeshState): object[] {
	const others = Array.from({ length: services }, (_, at) => otherName(at));
	const ports = [servicePort, ...(hasListener ? [extraPort] : [])];
	const [port] = versionOf(generation ?? 0);
	return [
		node('asker', names.asker, ports, [names.service, ...others]),
		...(generation === undefined ? [] : [node(`g${generation}`, names.answerer, [port])]),
		...(hasRoute ? [route(ROUTER, 'extra', extraPath, { extra: 1 })] : []),
		route(
			ROUTER,
			'all',
			'/',
			generation === undefined ? { v1: weights[0], v2: weights[1] } : { [`g${generation}`]: 100 },
		),
	];
}

function filesOf(state: MeshState): Readonly<Record<string, string>> {
	const { services = 0 } = state;
	const files: Record<string, object[]> = {
		'mesh.json': [
			{ meshName, spec: {} },
			...versions.map(([port, name]) => node(name, names.answerer, [port])),
			...service(names.service, ROUTER),
		],
		'changing.json': changing(state),
	};
	if (services > 0) files['others/nodes.json'] = otherNodes();
	for (let at = 0; at < services; at += 1) files[`others/${at}.json`] = otherService(at);
	return Object.fromEntries(Object.entries(files).map(([name, list]) => [name, JSON.stringify(list, undefined, '\t')]));
}

/** Of the answering host, which does not change. */
export function writeAnswerer(folder: string): void {
	const ports = versions.map(([port]) => port);
	mkdirSync(folder, { recursive: true });
	const resources = [{ meshName, spec: {} }, node('answerer', names.answerer, ports)];
	writeFileSync(join(folder, 'mesh.json'), JSON.stringify(resources));
}

export interface Definitions {
	readonly folder: string;
	/** As an editor does; resolves to the moment just before the last file was in its place. */
	readonly save: (state: MeshState) => number;
}

export function createDefinitions(folder: string): Definitions {
	let written: Readonly<Record<string, string>> = {};
	return {
		folder,
		save(state) {
			const files = filesOf(state);
			for (const name of Object.keys(written)) if (files[name] === undefined) rmSync(join(folder, name));
			let savedMs = monotonicMs();
			for (const [name, text] of Object.entries(files)) {
				if (written[name] === text) continue;
				const path = join(folder, name);
				mkdirSync(dirname(path), { recursive: true });
				writeFileSync(`${path}~`, text);
				savedMs = monotonicMs();
				renameSync(`${path}~`, path);
			}
			written = files;
			return savedMs;
		},
	};
}

export const ports = { ingressPort: 15_000, egressPort: 15_001 };

/** What an Envoy of the asking node gets for it. */
export function snapshotOf(state: MeshState): Snapshot {
	const files: DefinitionFile[] = Object.entries(filesOf(state)).map(([path, text]) => ({ path, text }));
	return nodeSnapshot(loadMesh(files), { mesh: meshName, kind: 'virtualNode', name: 'asker' }, ports);
}
