import { usage } from '../../cli/arguments.ts';
import { readBootstraps } from '../../host/envoy/bootstrap-files.ts';
import { createSnapshotStore } from '../../host/files/snapshot-store.ts';
import { type ProxyName, parseProxyName } from '../../mesh/proxy-name.ts';
import { type MeshNode, parseMeshNode } from '../../values/mesh-node.ts';
import { bootstrapOptions } from '../../xds/envoy-variables.ts';
import type { RenderOptions } from '../../xds/render-options.ts';
import { renderedWith } from '../../xds/rendered-with.ts';
import { hostOptions } from '../host-options.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Task } from './task.ts';

/** What a node's or a gateway's Envoy does: the one that is named, or this host's. */
export function proxyOf({ given, settings }: Pick<Task, 'given' | 'settings'>): ProxyName {
	const named = given['node'];
	const wanted = typeof named === 'string' ? parseProxyName(named) : thisNode(settings);
	if (wanted !== undefined) return wanted;
	const why = settings.trouble === '' ? 'the settings name none' : `the settings were not read: ${settings.trouble}`;
	throw usage(`which node? Name it by --node; ${why}`);
}

/**
 * By the settings that this process sees or, as a service has its variables from a file of its own, by what the daemon has
 * written down: the node whose configuration Envoy accepted last.
 */
export function thisNode({ config }: MeshSettings): MeshNode | undefined {
	if (config.mesh.node !== undefined) return config.mesh.node;
	return parseMeshNode(createSnapshotStore(config.stateDirectory).read()?.node ?? '');
}

/**
 * Likewise, what the configuration of a proxy depends on beside the definitions: what the service's variables ask for stands
 * in the bootstrap that its Envoy was started with, and in what Envoy accepted last.
 */
export function optionsHere(settings: MeshSettings, id: string): RenderOptions {
	const { stateDirectory } = settings.config;
	const own = hostOptions(settings);
	const told = [own, ...readBootstraps(stateDirectory).map(bootstrapOptions)];
	const options = {
		...own,
		hasSds: told.some(({ hasSds }) => hasSds),
		hasTracing: told.some(({ hasTracing }) => hasTracing),
	};
	const known = createSnapshotStore(stateDirectory).read();
	return known?.node === id ? renderedWith(known.snapshot, options) : options;
}
