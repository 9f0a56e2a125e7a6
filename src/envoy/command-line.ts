import type { IdRange } from '../values/units.ts';
import { overlay } from './overlay.ts';
import type { ProxySpec } from './runtime.ts';

/** Envoy as the settings want it; `Config` satisfies it. */
export interface EnvoySettings {
	readonly command: string;
	readonly logLevel: string;
}

/**
 * The arguments of Envoy's program. Without hot restart, which shares memory by a number that two Envoys of one host
 * would fight for.
 */
export const envoyArguments = ({ logLevel }: EnvoySettings, bootstrap: string): string[] => [
	'--config-path',
	bootstrap,
	'--log-level',
	logLevel,
	'--disable-hot-restart',
	// Its default of 10 s is too late for whoever looks at the log right after a connection.
	'--file-flush-interval-msec',
	'250',
];

/** Where the two images that people use keep their Envoy; in others it is looked for by its name. */
const programs: readonly { readonly of: RegExp; readonly program: string }[] = [
	{ of: /(^|\/)aws-appmesh-envoy([:@]|$)/, program: '/usr/bin/envoy' },
	{ of: /(^|\/)envoyproxy\/envoy[a-z-]*([:@]|$)/, program: '/usr/local/bin/envoy' },
];

/** Both images begin with a script or agent of their own, which knows nothing of a bootstrap of ours: Envoy is started itself. */
export const entrypointFor = (image: string, command: string): string =>
	command === 'envoy' ? (programs.find(({ of }) => of.test(image))?.program ?? command) : command;

/** All that makes a difference, as text; `exact`: what the image is at the moment. */
export const fingerprint = (spec: ProxySpec, exact: string): string =>
	JSON.stringify([exact, { ...spec, pull: '' }, overlay({ instance: '', socketPath: '', adminPort: spec.adminPort })]);

/** Its user: see envoyUser. */
export const envoyGid = (ignoreGids: readonly IdRange[]): number | undefined => ignoreGids[0]?.from;
