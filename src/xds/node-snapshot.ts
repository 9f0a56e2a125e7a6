import { Failure } from '../failure.ts';
import type { Catalog } from '../mesh/catalog.ts';
import { mistakesFor } from '../mesh/held-up.ts';
import type { LoadedMesh } from '../mesh/load-mesh.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import type { Mistake } from '../mesh/resource.ts';
import { type MeshNode, nodeId } from '../values/mesh-node.ts';
import type { EncodedSnapshot } from './encoded.ts';
import type { RenderOptions } from './render-options.ts';
import { renderProxy } from './render-proxy.ts';
import { resourceKinds, type Snapshot } from './snapshot.ts';

/** What the definitions say for one virtual node or gateway. Throws a Failure that tells what holds it up, or that there is none. */
export function nodeSnapshot(loaded: LoadedMesh, of: MeshNode, options: RenderOptions): Snapshot {
	refuse(mistakesFor(loaded, of));
	const { catalogs } = loaded;
	const catalog = catalogs.find(({ mesh }) => mesh === of.mesh);
	const rendered = catalog === undefined ? undefined : renderProxy(catalog, of, options);
	if (rendered === undefined) throw unknown(of, catalogs);
	refuse(rendered.errors);
	return rendered.snapshot;
}

function refuse(errors: readonly Mistake[]): void {
	if (errors.length === 0) return;
	const count = errors.length === 1 ? 'a mistake' : `${errors.length} mistakes`;
	const shown = errors.slice(0, SHOWN).map(mistakeLine);
	const text = [...shown, ...(errors.length > SHOWN ? ['…'] : [])].join('; ');
	throw new Failure(
		'config',
		`The definitions have ${count}: ${text}`,
		'See `turnout mesh check`, which tells them all',
	);
}

const SHOWN = 5;

function unknown(of: MeshNode, catalogs: readonly Catalog[]): Failure {
	const known = catalogs.flatMap(({ mesh, all }) =>
		all(of.kind).map(({ name }) => nodeId({ mesh, kind: of.kind, name })),
	);
	return new Failure(
		'config',
		`The definitions have no ${nodeId(of)}, which mesh.node (APPMESH_VIRTUAL_NODE_NAME) names`,
		known.length === 0 ? `They have no ${of.kind}` : `They have: ${known.slice(0, SHOWN).join(', ')}`,
	);
}

/** The ports that the application is called on: those of the chains of inbound listeners, but for what closes loops. */
export function applicationPorts({ lds }: Snapshot): readonly number[] {
	const listeners = Object.values(lds) as readonly RenderedListener[];
	const inbound = listeners.filter(({ trafficDirection }) => trafficDirection === 'INBOUND');
	const chains = inbound.flatMap(({ filterChains = [] }) =>
		filterChains.filter(({ name = '' }) => name.startsWith('ingress_') && !name.includes('_loop')),
	);
	const ports = chains.flatMap(({ filterChainMatch }) => filterChainMatch?.destinationPort ?? []);
	return [...new Set(ports)].sort((a, b) => a - b);
}

interface RenderedListener {
	readonly trafficDirection?: string;
	readonly filterChains?: readonly {
		readonly name?: string;
		readonly filterChainMatch?: { readonly destinationPort?: number };
	}[];
}

/** For the disk: what was sent, as JSON, and for whom. */
export function snapshotText(node: string, encoded: EncodedSnapshot): string {
	const kinds = resourceKinds.map((kind) => {
		const parts = [...encoded[kind].resources].map(([name, { text }]) => `${JSON.stringify(name)}:${text}`);
		return `${JSON.stringify(kind)}:{${parts.join(',')}}`;
	});
	return `{"node":${JSON.stringify(node)},"snapshot":{${kinds.join(',')}}}\n`;
}
