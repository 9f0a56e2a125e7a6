import type { Loaded } from '../config/merge-sources.ts';
import type { Config } from '../config/schema.ts';
import { readDefinitions } from '../host/files/definitions.ts';
import { createSnapshotStore } from '../host/files/snapshot-store.ts';
import { loadMesh } from '../mesh/load-mesh.ts';
import { type MeshNode, nodeId } from '../values/mesh-node.ts';
import { parsePorts } from '../values/units.ts';
import { applicationPorts, nodeSnapshot } from '../xds/node-snapshot.ts';
import { isMeshed } from './run/assemble-mesh.ts';

/** Where the settings name no application port, those on which the mesh calls this node. */
export function withMeshPorts<T extends Pick<Loaded, 'config' | 'written'>>(loaded: T): T {
	const { config, written } = loaded;
	if (
		!isMeshed(config) ||
		config.mesh.node?.kind !== 'virtualNode' ||
		config.appPorts.length > 0 ||
		written.get('appPorts')?.origin !== 'default'
	)
		return loaded;
	const ports = portsOf(config).filter(
		(port) => !config.ingressIgnoredPorts.some(({ from, to }) => from <= port && port <= to),
	);
	return { ...loaded, config: { ...config, appPorts: parsePorts(ports.join(',')) } };
}

/** With mistakes in the definitions, those of what Envoy has. */
function portsOf({ mesh, stateDirectory, ingressPort, egressPort }: Config): readonly number[] {
	const { node, definitions, parameters } = mesh;
	if (node === undefined) return [];
	try {
		const loaded = loadMesh(
			definitions.flatMap((path) => readDefinitions(path)),
			new Map(parameters),
		);
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
