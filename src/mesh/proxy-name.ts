/** Whose configuration an Envoy has. */
export interface ProxyName {
	/** Undefined: that of the only mesh, or the only one that has the name. */
	readonly mesh: string | undefined;
	readonly kind: 'virtualNode' | 'virtualGateway';
	readonly name: string;
}

/**
 * As App Mesh's variables give it: `mesh/MESH/virtualNode/NAME`, `mesh/MESH/virtualGateway/NAME`, the same as an ARN, or the
 * name of a virtual node alone.
 */
export function parseProxyName(text: string): ProxyName {
	const [, mesh, kind, name = text] =
		/^(?:arn:[^/]*:)?mesh\/([^/]+)\/(virtualNode|virtualGateway)\/(.+)$/.exec(text) ?? [];
	return { mesh, kind: kind === 'virtualGateway' ? kind : 'virtualNode', name };
}
