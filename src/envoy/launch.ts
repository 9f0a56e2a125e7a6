import type { IdRange, Port } from '../units.ts';

/** Envoy as the settings want it; `Config` satisfies it. */
export interface EnvoySettings {
	readonly command: string;
	readonly logLevel: string;
	readonly adminPort: Port;
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

/** Envoy's own user is the first that is ignored; without any, root's traffic is not, so it cannot be root. */
export const envoyUid = (ignoreUids: readonly IdRange[]): number | undefined => ignoreUids[0]?.from;
export const envoyGid = (ignoreGids: readonly IdRange[]): number | undefined => ignoreGids[0]?.from;
