// Environments as users of AWS's image had them, what is made of each.
import { passThrough } from '../../src/config/pass-through.ts';
import { readVariableFiles } from '../../src/config/variable-files.ts';
import { parseMeshNode } from '../../src/values/mesh-node.ts';
import type { JsonObject } from '../../src/xds/snapshot.ts';
import { variableParts } from '../../src/xds/variable-parts.ts';

type Environment = Readonly<Record<string, string>>;

/** Files by path. */
export const files: Readonly<Record<string, string>> = {
	'/etc/tracing.yaml': `tracing:
  http:
    name: envoy.tracers.zipkin
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v3.ZipkinConfig
      collector_cluster: own
      collector_endpoint: /spans
      collector_endpoint_version: HTTP_JSON
static_resources:
  clusters:
  - name: own
    type: STATIC
    load_assignment: {cluster_name: own, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 9}}}}]}]}
`,
	'/etc/tags.json': '{"statsConfig":{"statsTags":[{"tagName":"stage","fixedValue":"prod"}]}}',
	'/etc/no-tags.yaml': 'cluster_manager: {outlier_detection: {event_log_path: /dev/null}}\n',
	'/etc/sinks.yaml': `stats_sinks:
- name: envoy.stat_sinks.statsd
  typed_config:
    "@type": type.googleapis.com/envoy.config.metrics.v3.StatsdSink
    address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: 8125}}
`,
	'/etc/sinks-2019.yaml': `stats_sinks:
- name: envoy.dog_statsd
  config: {address: {socket_address: {protocol: UDP, address: 127.0.0.1, port_value: 8125}}, prefix: shop}
`,
	'/etc/tracing-2019.yaml': `tracing:
  http:
    name: envoy.tracers.xray
    typed_config:
      "@type": type.googleapis.com/envoy.config.trace.v2alpha.XRayConfig
      segment_name: shop
      daemon_endpoint: {protocol: UDP, address: 127.0.0.1, port_value: 2000}
`,
	'/etc/resources.yaml': `static_resources:
  clusters: [{name: legacy, type: STATIC}]
  secrets: [{name: word, generic_secret: {secret: {inline_string: w}}}]
stats_server_version_override: 140
`,
	'/etc/rules.json': JSON.stringify({
		...{ version: 2, default: { fixed_target: 0, rate: 0 } },
		rules: [{ host: '*', http_method: 'GET', url_path: '/pay/*', fixed_target: 1, rate: 0.5 }],
	}),
};

const xray = { ENABLE_ENVOY_XRAY_TRACING: '1' };
const statsd = { ENABLE_ENVOY_DOG_STATSD: '1' };

/** By title; a node is named as users name it. */
export const environments: Readonly<Record<string, Environment & { readonly gateway?: string }>> = {
	'none, for a node': {},
	'X-Ray, as in 2019': { ...xray, XRAY_DAEMON_PORT: '2001' },
	"X-Ray's daemon elsewhere; a port in the address comes first": {
		...{ ...xray, XRAY_DAEMON_PORT: '2001', AWS_XRAY_DAEMON_ADDRESS: '[fd00::1]:2002' },
	},
	"X-Ray's daemon at an address, the port beside it": {
		...xray,
		AWS_XRAY_DAEMON_ADDRESS: '10.0.0.9',
		XRAY_DAEMON_PORT: '2001',
	},
	'X-Ray with a rate, and a name of its own': { ...xray, XRAY_SAMPLING_RATE: '0.256', XRAY_SEGMENT_NAME: 'shop' },
	'X-Ray with rules, which come before the rate': {
		...{ ...xray, XRAY_SAMPLING_RULE_MANIFEST: '/etc/rules.json', XRAY_SAMPLING_RATE: '1' },
	},
	'X-Ray of a gateway': { ...xray, gateway: '1' },
	Datadog: { ENABLE_ENVOY_DATADOG_TRACING: 'true' },
	'Datadog elsewhere, and a name of its own': {
		...{ ENABLE_ENVOY_DATADOG_TRACING: 'T', DATADOG_TRACER_ADDRESS: 'agent.local', DATADOG_TRACER_PORT: '8127' },
		DD_SERVICE: 'shop',
	},
	Jaeger: { ENABLE_ENVOY_JAEGER_TRACING: '1' },
	'Jaeger elsewhere, in JSON': {
		...{ ENABLE_ENVOY_JAEGER_TRACING: '1', JAEGER_TRACER_ADDRESS: 'jaeger.local', JAEGER_TRACER_PORT: '9412' },
		JAEGER_TRACER_VERSION: 'json',
	},
	"a tracer of one's own, which comes before the others": {
		...{ ENABLE_ENVOY_DATADOG_TRACING: '1', ENVOY_TRACING_CFG_FILE: '/etc/tracing.yaml' },
	},
	"a tracer of one's own, in a file of 2019": { ENVOY_TRACING_CFG_FILE: '/etc/tracing-2019.yaml' },
	'DogStatsD, as in 2019': { ENABLE_ENVOY_DOG_STATS: '1', STATSD_PORT: '8126' },
	'DogStatsD elsewhere': { ...statsd, STATSD_ADDRESS: '10.0.0.9' },
	'DogStatsD at a socket, which comes before the address': {
		...{ ...statsd, STATSD_SOCKET_PATH: '/run/datadog/dsd.sock', STATSD_ADDRESS: '10.0.0.9' },
	},
	"sinks of one's own, which come before DogStatsD": { ...statsd, ENVOY_STATS_SINKS_CFG_FILE: '/etc/sinks.yaml' },
	"sinks of one's own, in a file of 2019": { ENVOY_STATS_SINKS_CFG_FILE: '/etc/sinks-2019.yaml' },
	'tags of a node': { ENABLE_ENVOY_STATS_TAGS: '1' },
	'tags of a gateway': { ENABLE_ENVOY_STATS_TAGS: '1', gateway: '1' },
	"tags of one's own, which come before the others": {
		...{ ENABLE_ENVOY_STATS_TAGS: '1', ENVOY_STATS_CONFIG_FILE: '/etc/tags.json' },
	},
	"no tags, as one's own file has none": { ENVOY_STATS_CONFIG_FILE: '/etc/no-tags.yaml' },
	'another flush interval': { ENVOY_STATS_FLUSH_INTERVAL: '1m0.5s' },
	"resources of one's own": { ENVOY_RESOURCES_CONFIG_FILE: '/etc/resources.yaml' },
	'certificates by SDS': { APPMESH_SDS_SOCKET_PATH: '/run/spire/agent.sock' },
	'a limit of requests in one go': { MAX_REQUESTS_PER_IO_CYCLE: '10' },
	off: {
		MAX_REQUESTS_PER_IO_CYCLE: '0',
		ENABLE_ENVOY_XRAY_TRACING: '0',
		ENABLE_ENVOY_DOG_STATSD: 'f',
		ENABLE_ENVOY_STATS_TAGS: 'False',
	},
};

/** The parts of a bootstrap that these variables make. `gateway`: of a virtual gateway. */
export function partsOf({ gateway, ...environment }: Environment & { readonly gateway?: string }): {
	readonly parts: readonly JsonObject[];
	readonly mistakes: readonly string[];
} {
	const { env: variables, mistakes } = passThrough(environment, () => undefined);
	const read = readVariableFiles(variables, (path) => files[path] ?? '');
	const node = parseMeshNode(`mesh/shop/${gateway === undefined ? 'virtualNode' : 'virtualGateway'}/front`);
	const parts = variableParts({ variables, files: read, node, cluster: 'front' });
	return { parts, mistakes: [...mistakes, ...read.mistakes] };
}
