import type { Loaded } from '../config/read.ts';
import { Failure } from '../failure.ts';

/** Settings that are read once, when the daemon starts. */
const atStart = ['socket', 'stateDirectory', 'logLevel', 'envoy.runtime'];

/** What our own Envoy was started with; where somebody else runs Envoy these follow it live. */
const atEnvoyStart = [
	'ingressPort',
	'egressPort',
	'bridges',
	'ignoreUids',
	'ignoreGids',
	'envoy.command',
	'envoy.config',
	'envoy.logLevel',
	'envoy.adminPort',
	'envoy.drainSeconds',
	'envoy.startSeconds',
];

/** The keys that differ; refuses what cannot be changed while the daemon runs, before anything is. */
export function planReload(before: Loaded, after: Loaded, runtime: string): string[] {
	const changed = [...after.written].flatMap(([key, { text }]) =>
		before.written.get(key)?.text === text ? [] : [key],
	);
	const fixed = runtime === 'none' ? atStart : [...atStart, ...atEnvoyStart];
	const refused = changed.filter((key) => fixed.includes(key));
	if (refused.length === 0) return changed;
	const [verb, them] = refused.length === 1 ? ['is', 'it'] : ['are', 'them'];
	throw new Failure(
		'config',
		`Cannot reload: ${refused.join(', ')} ${verb} read only when the daemon and its Envoy start`,
		`Restart turnout to change ${them}; nothing was changed now`,
	);
}
