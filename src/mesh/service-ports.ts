import type { Catalog } from './catalog.ts';
import { serviceName } from './reference.ts';
import type { ResourceOf } from './resource.ts';
import type { NodeListener } from './schema/virtual-node.ts';

export type ServicePort = NodeListener['portMapping'];

/** `80 (http), 81 (http2)` */
export const portsText = (ports: readonly ServicePort[]): string =>
	ports.map(({ port, protocol }) => `${port} (${protocol})`).join(', ');

/** Where a virtual service is called: the ports of its router, or of the node that provides it. None without a provider. */
export function servicePorts(catalog: Catalog, service: string): readonly ServicePort[] {
	const { virtualNode, virtualRouter } = catalog.get('virtualService', service)?.spec.provider ?? {};
	const provider =
		virtualNode === undefined
			? catalog.get('virtualRouter', virtualRouter?.virtualRouterName ?? '')
			: catalog.get('virtualNode', virtualNode.virtualNodeName);
	const listeners: readonly { readonly portMapping: ServicePort }[] = provider?.spec.listeners ?? [];
	return listeners.map(({ portMapping }) => portMapping);
}

/** A virtual service on one of its ports, as one of those that a node calls. */
export interface CalledPort extends ServicePort {
	readonly service: string;
}

/** By port. */
export function calledPorts(catalog: Catalog, { spec }: ResourceOf<'virtualNode'>): Map<number, CalledPort[]> {
	const names = (spec.backends ?? []).map(({ virtualService }) =>
		serviceName(virtualService?.virtualServiceName ?? ''),
	);
	const ports = [...new Set(names)].flatMap((service) =>
		servicePorts(catalog, service).map((each) => ({ ...each, service })),
	);
	return Map.groupBy(ports, ({ port }) => port);
}
