// The parts of a bootstrap that Envoy's variables ask for, as AWS's image made them of the same variables.
import { grpcCluster, layeredRuntime } from './bootstrap-base.ts';
import type { VariableInput } from './envoy-variables.ts';
import type { JsonObject } from './snapshot.ts';
import { flushInterval, sinks, tags } from './statistics.ts';
import { SDS_CLUSTER } from './tls.ts';
import { tracing } from './tracers.ts';

/** For `mergeBootstrap`. A file takes the place of what the other variables of its kind say. */
export const variableParts = (input: VariableInput): readonly JsonObject[] => [
	...tracing(input),
	...sds(input),
	...tags(input),
	...flushInterval(input),
	...sinks(input),
	...runtime(input),
	...input.files.parts,
];

/** Where certificates come from, if they do not come from files. */
function sds({ variables: { APPMESH_SDS_SOCKET_PATH: path } }: VariableInput): JsonObject[] {
	return path === undefined ? [] : [{ staticResources: { clusters: [grpcCluster(SDS_CLUSTER, path)] } }];
}

function runtime({ variables: { MAX_REQUESTS_PER_IO_CYCLE: most = '0' } }: VariableInput): JsonObject[] {
	if (Number(most) <= 0) return [];
	return [{ layeredRuntime: layeredRuntime({ 'http.max_requests_per_io_cycle': Number(most) }) }];
}
