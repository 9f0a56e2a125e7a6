// The parts of a bootstrap that Envoy's variables ask for, as AWS's image made them.
import { grpcCluster } from './bootstrap-base.ts';
import type { JsonObject } from './snapshot.ts';
import { SDS_CLUSTER } from './tls.ts';

/** By name, checked and in their canonical spelling. */
export type EnvoyVariables = Readonly<Record<string, string>>;

export const variableParts = (variables: EnvoyVariables): readonly JsonObject[] => [...sds(variables)];

/** Where certificates come from, if they do not come from files. */
function sds({ APPMESH_SDS_SOCKET_PATH: path }: EnvoyVariables): JsonObject[] {
	return path === undefined ? [] : [{ staticResources: { clusters: [grpcCluster(SDS_CLUSTER, path)] } }];
}

/** What the snapshot has to know of them. */
export const variableOptions = ({ APPMESH_SDS_SOCKET_PATH: path }: EnvoyVariables) => ({ hasSds: path !== undefined });
