import type { Given } from '../../cli/arguments.ts';
import { loadSettings } from '../../config/load.ts';
import { type Loaded, readConfig } from '../../config/merge-sources.ts';
import { failureOf } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';

/** What this host's settings say about its mesh. */
export interface MeshSettings extends Pick<Loaded, 'config' | 'written' | 'passThrough'> {
	/** On one line: why they could not be read, so that the defaults count; '' where they were. */
	readonly trouble: string;
}

/** Definitions can be looked at by whoever may not read the settings, unless these are asked for by name. */
export async function readMeshSettings(given: Given): Promise<MeshSettings> {
	const file = given['config'];
	if (typeof file === 'string') return { ...(await loadSettings({ file, flags: {} })), trouble: '' };
	try {
		return { ...(await loadSettings({ flags: {} })), trouble: '' };
	} catch (error) {
		const defaults = readConfig({ env: {}, file: { values: new Map(), mistakes: [] }, flags: {} });
		return { ...defaults, trouble: oneLine(failureOf(error).message).replace(':; ', ': ') };
	}
}
