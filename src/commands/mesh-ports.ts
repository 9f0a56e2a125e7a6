import type { Loaded } from '../config/merge-sources.ts';
import type { Config } from '../config/schema.ts';
import { parsePorts } from '../values/units.ts';
import { isMeshed } from './run/assemble-mesh.ts';

/** The ports on which a mesh calls the application of this host. */
export type MeshPorts = (config: Config) => readonly number[] | Promise<readonly number[]>;

const ofDefinitions: MeshPorts = async (config) => (await import('./definition-ports.ts')).definitionPorts(config);

/** Where the settings name no application port, those on which the mesh calls this node. */
export async function withMeshPorts<T extends Pick<Loaded, 'config' | 'written'>>(
	loaded: T,
	meshPorts = ofDefinitions,
): Promise<T> {
	const { config, written } = loaded;
	if (
		!isMeshed(config) ||
		config.mesh.node?.kind !== 'virtualNode' ||
		config.appPorts.length > 0 ||
		written.get('appPorts')?.origin !== 'default'
	)
		return loaded;
	const ports = (await meshPorts(config)).filter(
		(port) => !config.ingressIgnoredPorts.some(({ from, to }) => from <= port && port <= to),
	);
	return { ...loaded, config: { ...config, appPorts: parsePorts(ports.join(',')) } };
}
