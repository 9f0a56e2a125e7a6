import { splitAddress } from '../values/address.ts';
import type { VariableInput } from './envoy-variables.ts';
import { endpoints, type JsonObject, typeOf } from './snapshot.ts';

/**
 * In the bootstrap and not in the listeners, so that a user's own tracer works the same. Envoy 1.40 logs that this is
 * deprecated, and does it.
 */
export function tracing(input: VariableInput): JsonObject[] {
	const { variables } = input;
	if (variables['ENVOY_TRACING_CFG_FILE'] !== undefined) return [];
	if (variables['ENABLE_ENVOY_XRAY_TRACING'] === '1') return [xray(input)];
	if (variables['ENABLE_ENVOY_DATADOG_TRACING'] === '1') return [datadog(input)];
	return variables['ENABLE_ENVOY_JAEGER_TRACING'] === '1' ? [jaeger(input)] : [];
}

const tracer = (name: string, type: string, config: JsonObject): JsonObject => ({
	tracing: {
		http: { name: `envoy.tracers.${name}`, typedConfig: { '@type': typeOf(`config.trace.v3.${type}`), ...config } },
	},
});

function xray({ variables, node, cluster, files: { samplingRules } }: VariableInput): JsonObject {
	const { XRAY_SEGMENT_NAME: given, XRAY_DAEMON_PORT: port = '2000' } = variables;
	const { AWS_XRAY_DAEMON_ADDRESS: daemon = '127.0.0.1', XRAY_SAMPLING_RATE: rate } = variables;
	const { host, port: own } = splitAddress(daemon);
	const rules = samplingRules ?? (rate === undefined ? undefined : rulesOf(Number(rate)));
	// X-Ray has no word for a gateway.
	const mesh = node && { aws: { app_mesh: { mesh_name: node.mesh, virtual_node_name: node.name } } };
	return tracer('xray', 'XRayConfig', {
		segmentName: given ?? (node === undefined ? cluster : `${node.mesh}/${node.name}`),
		segmentFields: { origin: 'AWS::AppMesh::Proxy', ...mesh },
		daemonEndpoint: { protocol: 'UDP', address: host, portValue: Number(own ?? port) },
		...(rules === undefined ? {} : { samplingRuleManifest: { inlineString: rules } }),
	});
}

/** One request in each second, and this share of the others. */
const rulesOf = (rate: number): string => JSON.stringify({ version: 2, default: { fixed_target: 1, rate }, rules: [] });

function datadog({ variables, node }: VariableInput): JsonObject {
	const { DATADOG_TRACER_ADDRESS: address = '127.0.0.1', DATADOG_TRACER_PORT: port = '8126' } = variables;
	const name = node === undefined ? 'envoy' : `envoy-${node.mesh}/${node.name}`;
	const config = { collectorCluster: 'datadog_agent', serviceName: variables['DD_SERVICE'] ?? name };
	return { ...tracer('datadog', 'DatadogConfig', config), ...collector('datadog_agent', address, port) };
}

function jaeger({ variables }: VariableInput): JsonObject {
	const { JAEGER_TRACER_ADDRESS: address = '127.0.0.1', JAEGER_TRACER_PORT: port = '9411' } = variables;
	const isJson = /json/i.test(variables['JAEGER_TRACER_VERSION'] ?? '');
	const config = {
		...{ collectorCluster: 'jaeger', collectorEndpoint: '/api/v2/spans' },
		...{ collectorEndpointVersion: isJson ? 'HTTP_JSON' : 'HTTP_PROTO', sharedSpanContext: false },
	};
	return { ...tracer('zipkin', 'ZipkinConfig', config), ...collector('jaeger', address, port) };
}

/** Its name may be one of DNS. Envoy does not wait for it: with a DNS server that never answers it would be LIVE after 28 s. */
const collector = (name: string, address: string, port: string): JsonObject => ({
	staticResources: {
		clusters: [
			{
				...{ name, type: 'STRICT_DNS', connectTimeout: '1s', waitForWarmOnInit: false },
				loadAssignment: endpoints(name, address, Number(port)),
			},
		],
	},
});
