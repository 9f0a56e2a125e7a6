import { Failure } from '../failure.ts';
import type { Loaded } from './merge-sources.ts';

/** Settings that are read once, when the daemon starts. */
export const atStart: readonly string[] = [
	'socket',
	'stateDirectory',
	'logLevel',
	'envoy.runtime',
	'envoy.name',
	'envoy.dockerSocket',
	'envoy.pullStallSeconds',
];

export const changedKeys = (before: Loaded, after: Loaded): string[] =>
	[...after.written].flatMap(([key, { text }]) => (before.written.get(key)?.text === text ? [] : [key]));

/** The keys that differ; refuses what cannot be changed while the daemon runs, before anything is. */
export function planReload(before: Loaded, after: Loaded): string[] {
	const changed = changedKeys(before, after);
	const refused = changed.filter((key) => atStart.includes(key));
	if (refused.length === 0) return changed;
	const [verb, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
	throw new Failure(
		'config',
		`Cannot reload: ${refused.join(', ')} ${verb} read only when the daemon starts`,
		`Restart turnout to change ${them}; nothing was changed now`,
	);
}

/** An image that `update` chose holds until the settings name another one than they did then. */
export const imageOf = (
	{ image }: { readonly image: { readonly chosen: string; readonly settings: string } | undefined },
	settings: string,
): string | undefined => (image?.settings === settings ? image.chosen : undefined);
