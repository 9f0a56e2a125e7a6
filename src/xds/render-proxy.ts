import type { Catalog } from '../mesh/catalog.ts';
import { mistakeAt } from '../mesh/mistake-at.ts';
import type { ProxyName } from '../mesh/proxy-name.ts';
import { type GatewayView, resolveGateway } from '../mesh/resolve-gateway.ts';
import { type NodeView, resolveNode } from '../mesh/resolve-node.ts';
import type { Mistake } from '../mesh/resource.ts';
import { nodeId } from '../values/mesh-node.ts';
import { renderGateway } from './render-gateway.ts';
import { renderNode } from './render-node.ts';
import type { RenderOptions } from './render-options.ts';
import type { Snapshot } from './snapshot.ts';
import { SDS_CLUSTER } from './tls.ts';

export interface Rendered {
	/** As App Mesh has it: `mesh/MESH/virtualNode/NAME`. */
	readonly id: string;
	readonly snapshot: Snapshot;
	/** What the definitions ask for and this host does not have. With any the snapshot is not to be used. */
	readonly errors: readonly Mistake[];
}

/** Of a virtual node or a virtual gateway. Undefined: the mesh has none of this name. */
export function renderProxy(catalog: Catalog, { kind, name }: ProxyName, options: RenderOptions): Rendered | undefined {
	const id = nodeId({ mesh: catalog.mesh, kind, name });
	if (kind === 'virtualGateway') {
		const view = resolveGateway(catalog, name);
		return view && complete({ id, snapshot: renderGateway(view, options) }, view.gateway, options);
	}
	const view = resolveNode(catalog, name);
	return view && complete({ id, snapshot: renderNode(view, options) }, view.node, options);
}

type Proxy = NodeView['node'] | GatewayView['gateway'];

function complete(rendered: Omit<Rendered, 'errors'>, proxy: Proxy, options: RenderOptions): Rendered {
	const { ingressPort, egressPort, hasSds = false } = options;
	const own = [...(proxy.kind === 'virtualNode' ? [ingressPort] : []), egressPort];
	const listeners: readonly { readonly portMapping: { readonly port: number } }[] = proxy.spec.listeners ?? [];
	const taken = listeners.flatMap(({ portMapping: { port } }, at) => {
		const path = ['spec', 'listeners', at, 'portMapping', 'port'];
		const why = `port ${port} is the one that Envoy itself listens on for redirected connections`;
		return own.includes(port) ? [mistakeAt(proxy, path, why, 'change ingressPort or egressPort')] : [];
	});
	const isMissing = !hasSds && asksSds(rendered.snapshot);
	return { ...rendered, errors: [...taken, ...(isMissing ? [noSds(proxy)] : [])] };
}

/** Routes have no certificates. */
const asksSds = ({ cds, lds }: Snapshot): boolean =>
	JSON.stringify([cds, lds]).includes(`"clusterName":"${SDS_CLUSTER}"`);

function noSds(proxy: Proxy): Mistake {
	const why = 'certificates come from SDS, and nobody has said where that is';
	return mistakeAt(proxy, ['spec'], why, 'set APPMESH_SDS_SOCKET_PATH, or name files');
}
