import { Failure } from '../failure.ts';
import type { Catalog } from '../mesh/catalog.ts';
import type { LoadedMesh } from '../mesh/load-mesh.ts';
import { type NodeView, resolveNode } from '../mesh/resolve-node.ts';
import type { Mistake } from '../mesh/resource.ts';
import { type MeshNode, nodeId } from '../values/mesh-node.ts';
import type { EncodedSnapshot } from './encoded.ts';
import { renderNode } from './render-node.ts';
import type { RenderOptions } from './render-options.ts';
import { resourceKinds, type Snapshot } from './snapshot.ts';

/** What the definitions say for one node. */
export interface NodeSnapshot {
	readonly snapshot: Snapshot;
	/** On which its application is called. */
	readonly ports: readonly number[];
}

/** Throws a Failure that tells all mistakes, or that there is no such node. */
export function nodeSnapshot(loaded: LoadedMesh, of: MeshNode, options: RenderOptions): NodeSnapshot {
	const view = viewOf(loaded, of);
	return { snapshot: renderNode(view, options), ports: portsOf(view) };
}

/** Of the definitions alone; throws as nodeSnapshot does. */
export const nodePorts = (loaded: LoadedMesh, of: MeshNode): readonly number[] => portsOf(viewOf(loaded, of));

/** Of a snapshot that was rendered before. */
export function snapshotPorts({ lds }: Snapshot): readonly number[] {
	const listeners = Object.values(lds) as readonly RenderedListener[];
	const inbound = listeners.filter(({ trafficDirection }) => trafficDirection === 'INBOUND');
	const chains = inbound.flatMap(({ name, filterChains = [] }) =>
		filterChains.filter((chain) => chain.name !== undefined && !chain.name.startsWith(`${name}_loop`)),
	);
	return chains.flatMap(({ filterChainMatch }) => filterChainMatch?.destinationPort ?? []);
}

interface RenderedListener {
	readonly name?: string;
	readonly trafficDirection?: string;
	readonly filterChains?: readonly {
		readonly name?: string;
		readonly filterChainMatch?: { readonly destinationPort?: number };
	}[];
}

const portsOf = ({ node }: NodeView): number[] =>
	(node.spec.listeners ?? []).map(({ portMapping }) => portMapping.port).sort((a, b) => a - b);

function viewOf({ catalogs, errors }: LoadedMesh, of: MeshNode): NodeView {
	if (errors.length > 0) throw mistaken(errors);
	const catalog = catalogs.find(({ mesh }) => mesh === of.mesh);
	const view = catalog === undefined ? undefined : resolveNode(catalog, of.name);
	if (view === undefined) throw unknown(of, catalogs.flatMap(nodesOf));
	return view;
}

const nodesOf = ({ mesh, all }: Catalog): string[] =>
	all('virtualNode').map(({ name }) => nodeId({ mesh, kind: 'virtualNode', name }));

const mistaken = (errors: readonly Mistake[]): Failure => {
	const count = errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`;
	return new Failure(
		'config',
		`The definitions have ${count}: ${errors.map(mistakeLine).join('; ')}`,
		'See `turnout mesh check`',
	);
};

/** As `turnout mesh check` has it. */
export const mistakeLine = ({ file, line, path, why, hint }: Mistake): string =>
	`${file}:${line}: ${path === '' ? '' : `${path}: `}${why}${hint === '' ? '' : `; ${hint}`}`;

const unknown = (of: MeshNode, known: readonly string[]): Failure =>
	new Failure(
		'config',
		`The definitions have no ${nodeId(of)}, which mesh.node (APPMESH_VIRTUAL_NODE_NAME) names`,
		known.length === 0 ? 'They have no virtual node' : `They have: ${known.join(', ')}`,
	);

/** For the disk: what was sent, as JSON, and for whom. */
export function snapshotText(node: string, encoded: EncodedSnapshot): string {
	const kinds = resourceKinds.map((kind) => {
		const parts = [...encoded[kind].resources].map(([name, { text }]) => `${JSON.stringify(name)}:${text}`);
		return `${JSON.stringify(kind)}:{${parts.join(',')}}`;
	});
	return `{"node":${JSON.stringify(node)},"snapshot":{${kinds.join(',')}}}\n`;
}
