import type { Config } from '../config/schema.ts';
import { createSnapshotStore } from '../host/files/snapshot-store.ts';
import { loadMesh } from '../mesh/load-mesh.ts';
import { type MeshNode, nodeId } from '../values/mesh-node.ts';
import { applicationPorts, nodeSnapshot } from '../xds/node-snapshot.ts';
import { definitionsAt } from './read-definitions.ts';

/** On which the definitions say that the application of this host is called; with mistakes in them, what Envoy has says it. */
export async function definitionPorts(config: Config): Promise<readonly number[]> {
	const { mesh, stateDirectory, ingressPort, egressPort } = config;
	const { node, definitions, parameters } = mesh;
	if (node === undefined) return [];
	try {
		const loaded = loadMesh(await definitionsAt(definitions, mesh), new Map(parameters));
		return applicationPorts(nodeSnapshot(loaded, node, { ingressPort, egressPort, hasSds: true }));
	} catch {
		// Whoever serves them tells why.
		return portsOfKnown(stateDirectory, node);
	}
}

function portsOfKnown(stateDirectory: string, node: MeshNode): readonly number[] {
	const known = createSnapshotStore(stateDirectory).read();
	try {
		return known?.node === nodeId(node) ? applicationPorts(known.snapshot) : [];
	} catch {
		// One that somebody has edited.
		return [];
	}
}
