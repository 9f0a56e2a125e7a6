import { memoize } from '../lib/memoize.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { nodeId } from '../values/mesh-node.ts';
import { egressCluster } from './app-mesh-names.ts';

/** To which virtual node each of these clusters leads, by their names; others, such as the application's own, are left out. */
export function clusterTargets(catalog: Catalog, clusters: Iterable<string>): ReadonlyMap<string, string> {
	const known = nodesByCluster(catalog);
	return new Map(
		[...clusters].flatMap((cluster) => {
			const node = known.get(cluster) ?? known.get(withoutService(catalog, cluster, known));
			return node === undefined ? [] : [[cluster, node]];
		}),
	);
}

const nodesByCluster = memoize(
	({ mesh, all }: Catalog): ReadonlyMap<string, string> =>
		new Map(
			all('virtualNode').flatMap(({ kind, name, spec: { listeners = [] } }) =>
				listeners.map((listener) => [egressCluster(mesh, name, listener), nodeId({ mesh, kind, name })]),
			),
		),
);

/** As egressClusters has it where policies differ. */
function withoutService({ all }: Catalog, cluster: string, known: ReadonlyMap<string, string>): string {
	const bases = all('virtualService')
		.filter(({ name }) => cluster.endsWith(`_${name}`))
		.map(({ name }) => cluster.slice(0, -name.length - 1));
	return bases.find((base) => known.has(base)) ?? '';
}
