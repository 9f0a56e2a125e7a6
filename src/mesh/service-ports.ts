import type { Catalog } from './catalog.ts';
import type { NodeListener } from './schema/virtual-node.ts';

export type ServicePort = NodeListener['portMapping'];

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
