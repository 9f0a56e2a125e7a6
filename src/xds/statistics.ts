import type { MeshNode } from '../values/mesh-node.ts';
import { isStatsdOn, type VariableInput } from './envoy-variables.ts';
import { type JsonObject, typeOf } from './snapshot.ts';

/** Which statistics are whose. */
export function tags({ variables, node }: VariableInput): JsonObject[] {
	if (node === undefined || variables['ENVOY_STATS_CONFIG_FILE'] !== undefined) return [];
	const own = variables['ENABLE_ENVOY_STATS_TAGS'] === '1' ? ownTags(node) : [];
	return [{ statsConfig: { statsTags: [...own, ...listenerTags] } }];
}

const ownTags = ({ mesh, kind, name }: MeshNode): JsonObject[] => [
	{ tagName: 'appmesh.mesh', fixedValue: mesh },
	{ tagName: kind === 'virtualNode' ? 'appmesh.virtual_node' : 'appmesh.virtual_gateway', fixedValue: name },
];

/**
 * Of proxies with several listeners, whose names are in their statistics. AWS's began with `.*?` and not at the first
 * word: with those Envoy 1.40 took 306 s to make 1,000 clusters, with these 4 s, as long as without any.
 */
const listenerTags: readonly JsonObject[] = [
	{ tagName: 'appmesh.listener_protocol', regex: '^http\\.ingress\\.((\\w+?)\\.)[0-9]+?\\.(.+?)$' },
	{ tagName: 'appmesh.listener_port', regex: '^http\\.ingress\\.\\w+?\\.(([0-9]+?)\\.)(.+?)$' },
	{ tagName: 'envoy_rds_route_config', regex: '^http\\.ingress\\.\\w+?\\.[0-9]+?\\.rds\\.((.*?)\\.)(.+?)$' },
];

export const flushInterval = ({ variables: { ENVOY_STATS_FLUSH_INTERVAL: interval } }: VariableInput): JsonObject[] =>
	interval === undefined ? [] : [{ statsFlushInterval: interval }];

export function sinks({ variables }: VariableInput): JsonObject[] {
	if (!isStatsdOn(variables)) return [];
	const { STATSD_SOCKET_PATH: path, STATSD_ADDRESS: host = '127.0.0.1', STATSD_PORT: port = '8125' } = variables;
	const address = path === undefined ? datagramsTo(host, Number(port)) : { pipe: { path } };
	const typedConfig = { '@type': typeOf('config.metrics.v3.DogStatsdSink'), address };
	return [{ statsSinks: [{ name: 'envoy.stat_sinks.dog_statsd', typedConfig }] }];
}

const datagramsTo = (address: string, portValue: number): JsonObject => ({
	socketAddress: { protocol: 'UDP', address, portValue },
});
