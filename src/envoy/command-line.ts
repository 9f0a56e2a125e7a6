import type { IdRange } from '../values/units.ts';
import { overlay } from './overlay.ts';
import type { ProxySpec } from './runtime.ts';

/** `Config` satisfies it. */
export interface EnvoySettings {
	readonly command: string;
	readonly logLevel: string;
	readonly drainSeconds: number;
}

interface Started {
	/** The path of its bootstrap. */
	readonly bootstrap: string;
	/** Those of Envoy's image, checked. */
	readonly variables: Readonly<Record<string, string>>;
}

/** Without hot restart, whose shared memory has a number that two Envoys of one host would compete for. */
export const envoyArguments = (
	{ logLevel, drainSeconds }: EnvoySettings,
	{ bootstrap, variables }: Started,
): string[] => [
	'--config-path',
	bootstrap,
	'--log-level',
	logLevel,
	'--disable-hot-restart',
	// Connections of a listener that is changed or ends; the default is ten minutes.
	'--drain-time-s',
	String(drainSeconds),
	...threadsOf(variables['ENVOY_CONCURRENCY']),
	// Only where it is asked for: older ones do not know it.
	...(variables['ENVOY_SKIP_DEPRECATED_LOGS'] === '1' ? ['--skip-deprecated-logs'] : []),
	// The default of 10 s is too late for someone who reads the log right after a connection.
	'--file-flush-interval-msec',
	'250',
];

/** 0 or less: as many as the host has cores. */
const threadsOf = (given = '0'): string[] => (Number(given) > 0 ? ['--concurrency', given] : []);

/** Envoy's path in the two common images; in others it is found by its name. */
const programs: readonly { readonly of: RegExp; readonly program: string }[] = [
	{ of: /(^|\/)aws-appmesh-envoy([:@]|$)/, program: '/usr/bin/envoy' },
	{ of: /(^|\/)envoyproxy\/envoy[a-z-]*([:@]|$)/, program: '/usr/local/bin/envoy' },
];

/** Starts Envoy itself: the entrypoints of both images are scripts or agents that do not take a bootstrap of ours. */
export const entrypointFor = (image: string, command: string): string =>
	command === 'envoy' ? (programs.find(({ of }) => of.test(image))?.program ?? command) : command;

/** Everything in which two instances can differ, as text; `exact`: see `ProxyRuntime.prepare`. */
export const fingerprint = (spec: ProxySpec, exact: string): string =>
	JSON.stringify([exact, { ...spec, pull: '' }, overlay({ instance: '', socketPath: '', adminPort: spec.adminPort })]);

/** Its user: see envoyUser. */
export const envoyGid = (ignoreGids: readonly IdRange[]): number | undefined => ignoreGids[0]?.from;
