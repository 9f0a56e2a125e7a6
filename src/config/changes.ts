import { Failure } from '../failure.ts';
import type { Loaded } from './merge-sources.ts';

/** What a reload changes: the settings that differ between two loads. These are read only when the daemon starts. */
export const atStart: readonly string[] = [
	'socket',
	'stateDirectory',
	'logLevel',
	'envoy.runtime',
	'envoy.name',
	'envoy.dockerSocket',
	'envoy.pullStallSeconds',
	'mesh.node',
	'mesh.definitions',
	'mesh.parameters',
	...['mesh.etcdCa', 'mesh.etcdCertificate', 'mesh.etcdKey', 'mesh.etcdUser', 'mesh.etcdPasswordFile'],
];

/** And these where Envoy is configured from a mesh: what serves it was made for them. */
const atStartOfMesh: readonly string[] = [
	...['envoy.config', 'ingressPort', 'egressPort', 'bridges', 'ingressMode', 'ingressKeepClient'],
];

export const changedKeys = (before: Loaded, after: Loaded): string[] =>
	[...after.written].flatMap(([key, { text }]) => (before.written.get(key)?.text === text ? [] : [key]));

/**
 * Returns the keys that differ. Throws, before anything is changed, if one of them needs a restart. `isMeshed`: a mesh is
 * served.
 */
export function planReload(before: Loaded, after: Loaded, isMeshed: boolean): string[] {
	const changed = changedKeys(before, after);
	const refused = changed.filter((key) => atStart.includes(key) || (isMeshed && atStartOfMesh.includes(key)));
	if (refused.length === 0) return changed;
	const [verb, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
	throw new Failure(
		'config',
		`Cannot reload: ${refused.join(', ')} ${verb} read only when the daemon starts`,
		`Restart turnout to change ${them}; nothing was changed now`,
	);
}

/** The image that `update` chose; undefined once the settings name another image than they did then. */
export const imageOf = (
	{ image }: { readonly image: { readonly chosen: string; readonly settings: string } | undefined },
	settings: string,
): string | undefined => (image?.settings === settings ? image.chosen : undefined);
