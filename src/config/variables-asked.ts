import type { PassThrough } from './pass-through.ts';
import type { Config } from './schema.ts';

/** Whether Envoy can do what its variables ask for: as far as the bootstrap is ours, others do not read them here. */
export function variablesAsked(
	variables: PassThrough['env'],
	{ envoy, mesh: { node } }: Config,
	mistakesInFiles: (variables: PassThrough['env']) => readonly string[] = () => [],
): { readonly mistakes: readonly string[]; readonly notices: readonly string[] } {
	if (envoy.runtime === 'none' || envoy.config !== '') return { mistakes: [], notices: [] };
	const isOn = (name: string) => (variables[name] ?? '0') !== '0';
	const isNameless = node === undefined && isOn('ENABLE_ENVOY_STATS_TAGS');
	const tracer = node === undefined && !isOn('ENVOY_RESOURCES_CONFIG_FILE') ? tracers.find(isOn) : undefined;
	return {
		mistakes: [...(isNameless ? [NAMELESS] : []), ...mistakesInFiles(variables)],
		notices: tracer === undefined ? [] : [`${tracer}: ${UNTRACED}`],
	};
}

const tracers = [
	'ENVOY_TRACING_CFG_FILE',
	'ENABLE_ENVOY_XRAY_TRACING',
	'ENABLE_ENVOY_DATADOG_TRACING',
	'ENABLE_ENVOY_JAEGER_TRACING',
];

const NAMELESS =
	'ENABLE_ENVOY_STATS_TAGS: 1, but the tags name the virtual node; set mesh.node (APPMESH_VIRTUAL_NODE_NAME)';
const UNTRACED = 'without a mesh (mesh.node) connections are only forwarded, and nothing is traced';
