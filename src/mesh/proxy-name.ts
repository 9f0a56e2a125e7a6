import { findMeshNode } from '../values/mesh-node.ts';

/** Whose configuration an Envoy has. */
export interface ProxyName {
	/** Undefined: that of the only mesh, or the only one that has the name. */
	readonly mesh: string | undefined;
	readonly kind: 'virtualNode' | 'virtualGateway';
	readonly name: string;
}

/** As the setting `mesh.node` has it; on a command line also the name of a virtual node alone. */
export const parseProxyName = (text: string): ProxyName =>
	findMeshNode(text) ?? { mesh: undefined, kind: 'virtualNode', name: text };
