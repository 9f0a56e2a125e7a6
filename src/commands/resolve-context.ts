import type { Loaded } from '../config/merge-sources.ts';
import { refuseUplinks } from '../config/presets.ts';
import { resolveCapture } from '../config/resolve-ids.ts';
import type { Config } from '../config/schema.ts';
import { resolveIds } from '../host/files/accounts.ts';
import { readUplinks } from '../host/uplinks.ts';
import type { FactualHost, FormerChoice } from '../reconcile/host.ts';
import { type HostContext, resolveHostContext } from '../reconcile/host-context.ts';
import { type MeshPorts, withMeshPorts } from './mesh-ports.ts';

/**
 * Resolves settings against this host. Throws a Failure if it lacks a user, a group or a tool. `meshPorts`: others than the
 * definitions on the disk say.
 */
export async function resolveContext(
	host: FactualHost,
	loaded: Pick<Loaded, 'config' | 'written'>,
	former: FormerChoice,
	signal: AbortSignal,
	meshPorts?: MeshPorts,
): Promise<HostContext<Config>> {
	const whole = await withMeshPorts(loaded, meshPorts);
	refuseUplinks(whole.config.presets, readUplinks());
	const capture = await resolveCapture(whole, resolveIds);
	return resolveHostContext(host, { ...whole, capture }, former, signal);
}
