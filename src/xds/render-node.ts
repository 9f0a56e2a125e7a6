import type { NodeView } from '../mesh/resolve-node.ts';
import { egressClusters } from './egress-clusters.ts';
import { egressListenerOf } from './egress-listener.ts';
import { ingressListenerOf } from './ingress-listener.ts';
import { blackhole, ingressClusterOf, passThroughClusters } from './node-clusters.ts';
import { egressRoutesOf, ingressRoutesOf } from './node-routes.ts';
import type { RenderOptions } from './render-options.ts';
import { named, type Snapshot } from './snapshot.ts';

/** The configuration of one virtual node's Envoy. Equal definitions give equal snapshots. */
export function renderNode(view: NodeView, options: RenderOptions): Snapshot {
	const listeners = view.node.spec.listeners ?? [];
	const byPort = Map.groupBy(view.backends, ({ port }) => port);
	const isHttp = ({ protocol }: { readonly protocol: string }) => protocol !== 'tcp';
	const httpPorts = [...byPort].filter(([, backends]) => backends.some(isHttp));
	const targets = egressClusters(view);
	return {
		cds: named('cds', [
			...listeners.map((listener) => ingressClusterOf(view, listener, options)),
			...targets.resources,
			...passThroughClusters(view),
			blackhole,
		]),
		eds: {},
		lds: named('lds', [ingressListenerOf(view, options), egressListenerOf(view, targets, { ...options, byPort })]),
		rds: named('rds', [
			...listeners.filter(({ portMapping }) => isHttp(portMapping)).map((listener) => ingressRoutesOf(view, listener)),
			...httpPorts.map((each) => egressRoutesOf(view, targets, each)),
		]),
	};
}
