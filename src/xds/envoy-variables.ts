import type { MeshNode } from '../values/mesh-node.ts';
import type { RenderOptions } from './render-options.ts';
import type { JsonObject } from './snapshot.ts';
import { SDS_CLUSTER } from './tls.ts';

/** By name, checked and in their canonical spelling; unset ones are not there. */
export type EnvoyVariables = Readonly<Record<string, string>>;

/** What the files that variables name say. */
export interface VariableFiles {
	/** Parts of a bootstrap, in the order in which they are added. */
	readonly parts: readonly JsonObject[];
	/** Sampling rules of X-Ray, as JSON. */
	readonly samplingRules?: string;
}

export interface VariableInput {
	readonly variables: EnvoyVariables;
	readonly files: VariableFiles;
	/** Whom the Envoy stands for, if anybody. */
	readonly node: MeshNode | undefined;
	/** Envoy's `node.cluster`. */
	readonly cluster: string;
}

const tracers = ['ENABLE_ENVOY_XRAY_TRACING', 'ENABLE_ENVOY_DATADOG_TRACING', 'ENABLE_ENVOY_JAEGER_TRACING'];

/** What a snapshot depends on: also of an Envoy whose bootstrap is not ours, and has been made of the same variables. */
export const variableOptions = (variables: EnvoyVariables): Pick<RenderOptions, 'hasSds' | 'hasTracing'> => ({
	hasSds: variables['APPMESH_SDS_SOCKET_PATH'] !== undefined,
	hasTracing: variables['ENVOY_TRACING_CFG_FILE'] !== undefined || tracers.some((name) => variables[name] === '1'),
});

/** The same of a bootstrap that was made of them, by `bootstrapText`. */
export const bootstrapOptions = (bootstrap: string): ReturnType<typeof variableOptions> => ({
	hasSds: bootstrap.includes(`"${SDS_CLUSTER}"`),
	hasTracing: /^\t"tracing": /m.test(bootstrap),
});

/** To DogStatsD's own sink: with a file of the user's there is none. */
export const isStatsdOn = (variables: EnvoyVariables): boolean =>
	variables['ENABLE_ENVOY_DOG_STATSD'] === '1' && variables['ENVOY_STATS_SINKS_CFG_FILE'] === undefined;

/** Sockets that Envoy connects to. */
export function socketPaths(variables: EnvoyVariables): readonly string[] {
	const { APPMESH_SDS_SOCKET_PATH: sds, STATSD_SOCKET_PATH: statsd } = variables;
	return [sds, isStatsdOn(variables) ? statsd : undefined].filter((path) => path !== undefined);
}
