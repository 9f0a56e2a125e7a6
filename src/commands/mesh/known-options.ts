import { createSnapshotStore } from '../../host/files/snapshot-store.ts';
import type { RenderOptions } from '../../xds/render-options.ts';
import { renderedWith } from '../../xds/rendered-with.ts';
import { hostOptions } from '../host-options.ts';
import type { MeshSettings } from './mesh-settings.ts';

/** Beside the definitions: as this host's Envoy has it or, where nothing of the node is known, by the settings. */
export function knownOptions(settings: MeshSettings, id: string): RenderOptions {
	const known = createSnapshotStore(settings.config.stateDirectory).read();
	const options = hostOptions(settings);
	return known?.node === id ? renderedWith(known.snapshot, options) : options;
}
