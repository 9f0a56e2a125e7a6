import type { MeshNode } from '../values/mesh-node.ts';
import type { Catalog } from './catalog.ts';
import { type Fault, mistakesOf } from './fault.ts';
import { gatewayRouteOf } from './gateway-route-kind.ts';
import { serviceName } from './reference.ts';
import { keyText, type Mistake, type ResourceKey } from './resource.ts';
import { routeOf } from './route-kind.ts';

interface Loaded {
	readonly catalogs: readonly Catalog[];
	readonly faults: readonly Fault[];
}

/** What holds up one node or gateway, each mistake once. */
export function mistakesFor({ catalogs, faults }: Loaded, proxy: MeshNode): Mistake[] {
	const catalog = catalogs.find(({ mesh }) => mesh === proxy.mesh);
	return [...new Set(mistakesOf(heldUpBy(faults, catalog, proxy)))];
}

/** Who is held up by what is known to be wrong, also where it is not there for that. */
export function heldUp({ catalogs, faults }: Loaded): MeshNode[] {
	const known = faults.filter(({ of }) => of !== undefined);
	const there = catalogs.flatMap(({ all }) => [...all('virtualNode'), ...all('virtualGateway')]);
	const broken = known.flatMap(({ of }) => of ?? []);
	const proxies = new Map([...there, ...broken].filter(isProxy).map((key) => [keyText(key), key]));
	return [...proxies.values()].filter((proxy) => {
		const catalog = catalogs.find(({ mesh }) => mesh === proxy.mesh);
		return heldUpBy(known, catalog, proxy).length > 0;
	});
}

const isProxy = (key: ResourceKey): key is ResourceKey & MeshNode =>
	key.kind === 'virtualNode' || key.kind === 'virtualGateway';

/**
 * What holds up one node or gateway: it keeps what it has, as what it is to do cannot be told. `catalog`: of its mesh;
 * undefined: nothing of that is there.
 */
export function heldUpBy(faults: readonly Fault[], catalog: Catalog | undefined, proxy: MeshNode): Fault[] {
	if (faults.length === 0) return [];
	const reaches = reachOf(catalog, proxy);
	return faults.filter(
		({ of, isInner = false }) =>
			of === undefined || (of.mesh === proxy.mesh && (isInner ? isItself(of, proxy) : reaches(of))),
	);
}

const isItself = ({ kind, name }: ResourceKey, proxy: MeshNode): boolean => kind === proxy.kind && name === proxy.name;

/** By names: what is looked for may be missing. */
function reachOf(catalog: Catalog | undefined, proxy: MeshNode): (key: ResourceKey) => boolean {
	const services = catalog === undefined ? new Set<string>() : calledBy(catalog, proxy);
	const providers = [...services].flatMap((service) => catalog?.get('virtualService', service)?.spec.provider ?? []);
	const routers = new Set(providers.flatMap(({ virtualRouter }) => virtualRouter?.virtualRouterName ?? []));
	const routes = [...routers].flatMap((router) => catalog?.routesOf(router) ?? []);
	const nodes = new Set([
		...providers.flatMap(({ virtualNode }) => virtualNode?.virtualNodeName ?? []),
		...routes.flatMap(({ spec }) => routeOf(spec)?.targets ?? []).map(({ virtualNode }) => virtualNode),
	]);
	return (key) => {
		switch (key.kind) {
			case 'mesh':
				return true;
			case 'virtualService':
				return services.has(key.name);
			case 'virtualRouter':
				return routers.has(key.name);
			case 'route':
				return routers.has(key.parent);
			case 'virtualNode':
				return nodes.has(key.name) || isItself(key, proxy);
			case 'virtualGateway':
				return isItself(key, proxy);
			case 'gatewayRoute':
				return proxy.kind === 'virtualGateway' && key.parent === proxy.name;
		}
	};
}

function calledBy(catalog: Catalog, { kind, name }: MeshNode): ReadonlySet<string> {
	const backends = kind === 'virtualNode' ? (catalog.get(kind, name)?.spec.backends ?? []) : [];
	const routes = kind === 'virtualGateway' ? catalog.gatewayRoutesOf(name) : [];
	const targets = routes.flatMap(({ spec }) => gatewayRouteOf(spec)?.route.action.target ?? []);
	return new Set(
		[...backends, ...targets].map(({ virtualService }) => serviceName(virtualService?.virtualServiceName ?? '')),
	);
}
