// Makes a mesh that was drawn hold together: each reference leads to something, and everybody speaks its protocol.
import { isIP } from 'node:net';
import type { Resource } from '../../src/mesh/resource.ts';
import { type Kind, parentOf, type Spec } from '../../src/mesh/schema/kinds.ts';
import type { NodeListener } from '../../src/mesh/schema/virtual-node.ts';
import { fitGatewayRoutes, fitRoutes } from './fit-routes.ts';
import type { Drawn, DrawnMesh } from './valid-mesh.ts';

type Node = Drawn<'virtualNode'>;
type Service = Drawn<'virtualService'>;
type Router = Drawn<'virtualRouter'>;
type Listener = NodeListener;
type Protocol = Listener['portMapping']['protocol'];

export const resourceOf = <K extends Kind>(kind: K, mesh: string, { name, spec }: Drawn<K>, parent = ''): Resource =>
	({
		...{ kind, mesh, name, spec, parent: parentOf[kind] === undefined ? '' : parent },
		placeOf: (path: string) => ({ file: 'generated', line: 1, path }),
	}) as unknown as Resource;

export function fitMesh(drawn: DrawnMesh): readonly Resource[] {
	const { name: mesh, spec } = drawn.mesh;
	const nodes = drawn.nodes.map((node) => ({ ...node, spec: withListeners(node.spec) }));
	const routers = drawn.routers.map((router) => ({ ...router, spec: fitRouter(router.spec) }));
	const services = onlyOneOfCase(drawn.services).map((service) => fitService(service, nodes, routers));
	const places = { nodes, routers, services };
	const routes = fitRoutes(drawn.routes, places);
	const gateways = drawn.gateways.map((gateway) => ({ ...gateway, spec: fitGateway(gateway.spec) }));
	const allowsAll = spec.egressFilter?.type === 'ALLOW_ALL';
	const called = nodes.map((node) => ({ ...node, spec: withBackends(node.spec, { ...places, routes, allowsAll }) }));
	return [
		resourceOf('mesh', mesh, drawn.mesh),
		...services.map((service) => resourceOf('virtualService', mesh, service)),
		...called.map((node) => resourceOf('virtualNode', mesh, node)),
		...routers.map((router) => resourceOf('virtualRouter', mesh, router)),
		...routes.map(({ parent, ...route }) => resourceOf('route', mesh, route, parent)),
		...gateways.map((gateway) => resourceOf('virtualGateway', mesh, gateway)),
		...fitGatewayRoutes(drawn.gatewayRoutes, { ...places, gateways }).map(({ parent, ...route }) =>
			resourceOf('gatewayRoute', mesh, route, parent),
		),
	];
}

export interface Places {
	readonly nodes: readonly Node[];
	readonly routers: readonly Router[];
	readonly services: readonly Service[];
}

export const pick = <T>(among: readonly T[], by: number | string): T | undefined => among[Number(by) % among.length];

const onePerPort = <L extends { readonly portMapping: { readonly port: number } }>(listeners: readonly L[]): L[] => [
	...new Map(listeners.map((listener) => [listener.portMapping.port, listener])).values(),
];

function withListeners({ listeners, ...spec }: Spec<'virtualNode'>): Spec<'virtualNode'> {
	return listeners === undefined
		? spec
		: { ...spec, listeners: onePerPort(listeners).map((each) => fitListener(each)) };
}

/** The pool and the time-outs say which protocol the listener has. */
function fitListener({ connectionPool, timeout, healthCheck, portMapping, ...rest }: Listener): Listener {
	const [pool, time] = [connectionPool, timeout].map((union) => Object.keys(union ?? {})[0]) as [Protocol?, Protocol?];
	const protocol = pool ?? time ?? portMapping.protocol;
	return {
		...rest,
		portMapping: { ...portMapping, protocol },
		...(connectionPool === undefined ? {} : { connectionPool }),
		...(timeout === undefined || time !== protocol ? {} : { timeout }),
		...(healthCheck === undefined ? {} : { healthCheck: fitHealth(healthCheck, protocol) }),
	};
}

/** Envoy asks by grpc over HTTP/2 only. */
const fitHealth = <C extends { readonly protocol: string }>(check: C, protocol: string): C =>
	check.protocol !== 'grpc' || protocol === 'grpc' || protocol === 'http2' ? check : { ...check, protocol: 'http' };

function fitGateway({ listeners, ...spec }: Spec<'virtualGateway'>): Spec<'virtualGateway'> {
	const some: typeof listeners =
		listeners.length > 0 ? listeners : [{ portMapping: { port: 8_088, protocol: 'http' } }];
	return { ...spec, listeners: onePerPort(some).map((each) => fitListener(each)) as typeof listeners };
}

const fitRouter = ({ listeners = [], ...spec }: Spec<'virtualRouter'>): Spec<'virtualRouter'> => ({
	...spec,
	listeners: listeners.length > 0 ? onePerPort(listeners) : [{ portMapping: { port: 80, protocol: 'http' } }],
});

/** A `Host` has no case. */
const onlyOneOfCase = (services: readonly Service[]): Service[] => [
	...new Map(services.map((service) => [service.name.toLowerCase(), service])).values(),
];

/** Others can find it. */
export const isTarget = ({ spec }: Node): boolean =>
	spec.serviceDiscovery !== undefined && (spec.listeners ?? []).length > 0;

function fitService(service: Service, nodes: readonly Node[], routers: readonly Router[]): Service {
	const { provider, ...spec } = service.spec;
	const { virtualNode, virtualRouter } = provider ?? {};
	const node = virtualNode && pick(nodes.filter(isTarget), virtualNode.virtualNodeName);
	const router = virtualRouter && pick(routers, virtualRouter.virtualRouterName);
	return {
		...service,
		spec: {
			...spec,
			...(node === undefined ? {} : { provider: { virtualNode: { ...virtualNode, virtualNodeName: node.name } } }),
			...(router === undefined
				? {}
				: { provider: { virtualRouter: { ...virtualRouter, virtualRouterName: router.name } } }),
		},
	};
}

/** Where a service is called. */
export function portsOf({ spec }: Service, { nodes, routers }: Places): Listener['portMapping'][] {
	const { virtualNode, virtualRouter } = spec.provider ?? {};
	const providers: readonly (Node | Router)[] = virtualNode === undefined ? routers : nodes;
	const wanted = virtualNode?.virtualNodeName ?? virtualRouter?.virtualRouterName;
	const listeners = providers.find(({ name }) => name === wanted)?.spec.listeners ?? [];
	return listeners.map(({ portMapping }) => portMapping);
}

interface Called extends Places {
	readonly routes: readonly (Drawn<'route'> & { readonly parent: string })[];
	readonly allowsAll: boolean;
}

/** As many of its backends as can be told apart. */
function withBackends({ backends, ...spec }: Spec<'virtualNode'>, called: Called): Spec<'virtualNode'> {
	if (backends === undefined) return spec;
	const taken = new Map<number, { isTcp: boolean; names: Set<string> }>();
	const kept = new Set<string>();
	const found = backends.flatMap(({ virtualService, ...backend }) => {
		const service = pick(called.services, virtualService?.virtualServiceName ?? '0');
		if (service === undefined || virtualService === undefined || kept.has(service.name)) return [];
		if (!fitsBeside(taken, service, called)) return [];
		kept.add(service.name);
		return [{ ...backend, virtualService: { ...virtualService, virtualServiceName: service.name } }];
	});
	return { ...spec, backends: found };
}

type Taken = Map<number, { isTcp: boolean; names: Set<string> }>;

/** tcp has a port of its own, or the addresses that its clients connect to; HTTP a name of its own. */
function fitsBeside(taken: Taken, service: Service, called: Called): boolean {
	const claims = portsOf(service, called).map(({ port, protocol }) => {
		const isTcp = protocol === 'tcp';
		return { port, isTcp, names: isTcp ? addressesOf(service, port, called) : domainsOf(service, port) };
	});
	const reserved = called.allowsAll ? ['*', 'mesh_allow_all'] : [];
	const fits = claims.every(({ port, isTcp, names }) => {
		const other = taken.get(port) ?? { isTcp, names: new Set() };
		return other.isTcp === isTcp && !names.some((name) => other.names.has(name) || reserved.includes(name));
	});
	if (!fits) return false;
	for (const { port, isTcp, names } of claims)
		taken.set(port, { isTcp, names: new Set([...(taken.get(port)?.names ?? []), ...names]) });
	return true;
}

const domainsOf = ({ name }: Service, port: number): string[] => [name.toLowerCase(), `${name.toLowerCase()}:${port}`];

/** '': all that no other one has. */
function addressesOf(service: Service, port: number, { nodes, routes }: Called): string[] {
	if (isIP(service.name) > 0) return [service.name];
	const { virtualNode, virtualRouter } = service.spec.provider ?? {};
	const targets = routes
		.filter(({ parent }) => parent === virtualRouter?.virtualRouterName)
		.flatMap(({ spec }) => Object.values(spec).flatMap((route) => targetsOn(route, port)));
	const names = virtualNode === undefined ? targets : [virtualNode.virtualNodeName];
	const hosts = names.map((own) => nodes.find(({ name }) => name === own)?.spec.serviceDiscovery?.dns?.hostname ?? '');
	return hosts.length > 0 && hosts.every((host) => isIP(host) > 0) ? [...new Set(hosts)] : [''];
}

interface AnyRoute {
	readonly match?: { readonly port?: number };
	readonly action: { readonly weightedTargets: readonly { readonly virtualNode: string }[] };
}

function targetsOn(route: AnyRoute | number | undefined, port: number): string[] {
	if (typeof route !== 'object' || (route.match?.port ?? port) !== port) return [];
	return route.action.weightedTargets.map(({ virtualNode }) => virtualNode);
}
