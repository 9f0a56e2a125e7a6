import type { Catalog } from './catalog.ts';
import { serviceName } from './reference.ts';
import { backendsOf, type EgressView } from './resolve-backends.ts';
import type { ResourceOf } from './resource.ts';

/** What one virtual node's Envoy has to do; all that it refers to is looked up. */
export interface NodeView extends EgressView {
	readonly node: ResourceOf<'virtualNode'>;
	readonly egressFilter: 'ALLOW_ALL' | 'DROP_ALL';
	/** Services among its backends that nothing provides: they have no port either. */
	readonly unprovided: readonly string[];
}

/** Of a catalog whose references were checked. Undefined: the mesh has no such node. */
export function resolveNode(catalog: Catalog, name: string): NodeView | undefined {
	const node = catalog.get('virtualNode', name);
	if (node === undefined) return undefined;
	const { egressFilter, serviceDiscovery } = catalog.get('mesh', catalog.mesh)?.spec ?? {};
	const { backends = [], backendDefaults } = node.spec;
	const policies = backends.map(({ virtualService }) => {
		const policy = virtualService?.clientPolicy ?? backendDefaults?.clientPolicy;
		return [serviceName(virtualService?.virtualServiceName ?? ''), policy?.tls] as const;
	});
	const found = [...new Map(policies)].map(([service, tls]) => [service, backendsOf(catalog, service, tls)] as const);
	return {
		...{ mesh: catalog.mesh, node },
		egressFilter: egressFilter?.type ?? 'DROP_ALL',
		ipPreference: serviceDiscovery?.ipPreference,
		backends: found.flatMap(([, own]) => own),
		unprovided: found.filter(([, own]) => own.length === 0).map(([service]) => service),
	};
}
