export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Tracers and sinks of Envoy's API v2, by the names that AWS's image of 2019 took; Envoy wants their types since. */
const types: Readonly<Record<string, string>> = {
	'envoy.dog_statsd': 'metrics.v3.DogStatsdSink',
	'envoy.stat_sinks.dog_statsd': 'metrics.v3.DogStatsdSink',
	'envoy.statsd': 'metrics.v3.StatsdSink',
	'envoy.stat_sinks.statsd': 'metrics.v3.StatsdSink',
	'envoy.tracers.xray': 'trace.v3.XRayConfig',
	'envoy.zipkin': 'trace.v3.ZipkinConfig',
	'envoy.tracers.zipkin': 'trace.v3.ZipkinConfig',
	'envoy.tracers.datadog': 'trace.v3.DatadogConfig',
};

const OLD_TYPE = /^type\.googleapis\.com\/envoy\.config\.(metrics|trace)\.v2(?:alpha)?\./;

/** Writes what a file for the API v2 says as the API v3 has it: Envoy has dropped v2, and the fields are the same. */
export const withCurrentTypes = (part: JsonObject): JsonObject => current(part) as JsonObject;

function current(value: Json): Json {
	if (Array.isArray(value)) return value.map(current);
	if (typeof value !== 'object' || value === null) return value;
	const { config, ...rest } = value as JsonObject;
	const type = types[String(rest['name'])];
	if (type !== undefined && typeof config === 'object' && !Array.isArray(config))
		return { ...rest, typed_config: { '@type': `type.googleapis.com/envoy.config.${type}`, ...config } };
	return Object.fromEntries(
		Object.entries(value).map(([key, inner]) => [key, key === '@type' ? typeIn(inner) : current(inner)]),
	);
}

const typeIn = (type: Json): Json => String(type).replace(OLD_TYPE, 'type.googleapis.com/envoy.config.$1.v3.');
