import type { NodeView } from '../mesh/resolve-node.ts';
import { blackhole, egressClusterOf, ingressClusterOf, passThroughClusters } from './clusters.ts';
import { egressListenerOf, ingressListenerOf } from './mesh-listeners.ts';
import type { RenderOptions } from './render-options.ts';
import { egressRoutesOf, ingressRoutesOf } from './routes.ts';
import { named, type Snapshot } from './snapshot.ts';

/** The configuration of one virtual node's Envoy. Equal definitions give equal snapshots. */
export function renderNode(view: NodeView, options: RenderOptions): Snapshot {
	const listeners = view.node.spec.listeners ?? [];
	const byPort = Map.groupBy(view.backends, ({ port }) => port);
	const targets = view.backends.flatMap(({ routes }) => routes.flatMap((route) => route.targets));
	const isHttp = ({ protocol }: { readonly protocol: string }) => protocol !== 'tcp';
	const httpPorts = [...byPort].filter(([, backends]) => backends.every(isHttp));
	return {
		cds: named('cds', [
			...listeners.map((listener) => ingressClusterOf(view, listener)),
			...targets.map((target) => egressClusterOf(view, target, options)),
			...passThroughClusters(view),
			blackhole,
		]),
		eds: {},
		lds: named('lds', [ingressListenerOf(view, options), egressListenerOf(view, options, byPort)]),
		rds: named('rds', [
			...listeners.filter(({ portMapping }) => isHttp(portMapping)).map((listener) => ingressRoutesOf(view, listener)),
			...httpPorts.map(([port, backends]) => egressRoutesOf(view, port, backends)),
		]),
	};
}
