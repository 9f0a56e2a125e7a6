import type { NodeView } from '../mesh/resolve-node.ts';
import type { NodeListener } from '../mesh/schema/virtual-node.ts';
import { allowAllCluster, amazonCluster, blackholeCluster, ingressCluster } from './app-mesh-names.ts';
import { limitsOf, unlimited } from './circuit-breakers.ts';
import { asDownstream, http2Where } from './http2.ts';
import type { RenderOptions } from './render-options.ts';
import { type Cluster, endpoints } from './snapshot.ts';

/** The application itself, behind each of the node's listeners. */
export function ingressClusterOf(
	{ mesh, node, ipPreference }: NodeView,
	listener: NodeListener,
	{ keepsClient = false }: Pick<RenderOptions, 'keepsClient'> = {},
): Cluster {
	const name = ingressCluster(mesh, node.name, listener);
	if (keepsClient)
		return { ...calledByClient(name), ...limitsOf(listener), ...http2Where(listener.portMapping.protocol) };
	const own = node.spec.serviceDiscovery?.dns?.ipPreference ?? ipPreference;
	const address = own === 'IPv6_ONLY' || own === 'IPv6_PREFERRED' ? '::1' : '127.0.0.1';
	return {
		...{ name, type: 'STATIC', connectTimeout: '0.25s' },
		...limitsOf(listener),
		...http2Where(listener.portMapping.protocol),
		loadAssignment: endpoints(name, address, listener.portMapping.port),
	};
}

/**
 * At the address that the client has called: the kernel answers nobody but itself from the loopback's (RFC 1122, 3.2.1.3),
 * and the client's address may be of either family.
 */
const calledByClient = (name: string): Cluster => ({
	...{ name, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', connectTimeout: '0.25s' },
});

/** Wherever the application meant to go. */
export const passThroughClusters = ({ mesh, egressFilter }: NodeView): Cluster[] =>
	[amazonCluster(mesh), ...(egressFilter === 'ALLOW_ALL' ? [allowAllCluster(mesh)] : [])].map((name) => ({
		...{ name, type: 'ORIGINAL_DST', lbPolicy: 'CLUSTER_PROVIDED', connectTimeout: '10s' },
		...unlimited,
		...asDownstream,
	}));

export const blackhole: Cluster = { name: blackholeCluster, type: 'STATIC', connectTimeout: '1s' };
