import {
	count,
	daemonAddress,
	type FileCheck,
	file,
	flag,
	hostName,
	interval,
	ip,
	port,
	share,
	socket,
	text,
	threads,
	timeout,
	type VariableKind,
} from './variable-kinds.ts';

type Environment = Readonly<Record<string, string | undefined>>;

interface Row {
	readonly names: readonly string[];
	readonly kind: VariableKind;
}

const rows = (kind: VariableKind, ...all: readonly (string | readonly [string, string])[]): readonly Row[] =>
	all.map((names) => ({ names: typeof names === 'string' ? [names] : names, kind }));

/** Variables that Envoy's images read and that are not settings of ours; a pair holds both names of one, the oldest first. */
const table: readonly Row[] = [
	...rows(text, ['APPMESH_VIRTUAL_NODE_NAME', 'APPMESH_RESOURCE_NAME'], 'APPMESH_RESOURCE_ARN'),
	...rows(text, ['APPMESH_VIRTUAL_NODE_CLUSTER', 'APPMESH_RESOURCE_CLUSTER'], 'APPMESH_XDS_ENDPOINT'),
	...rows(text, 'APPMESH_METRIC_EXTENSION_VERSION', 'AWS_REGION'),
	...rows(text, 'XRAY_SEGMENT_NAME', 'DD_SERVICE', 'JAEGER_TRACER_VERSION'),
	...rows(flag, 'APPMESH_PREVIEW', 'ENVOY_SKIP_DEPRECATED_LOGS', 'ENABLE_ENVOY_STATS_TAGS', [
		'ENABLE_ENVOY_DOG_STATS',
		'ENABLE_ENVOY_DOG_STATSD',
	]),
	...rows(flag, 'ENABLE_ENVOY_XRAY_TRACING', 'ENABLE_ENVOY_DATADOG_TRACING', 'ENABLE_ENVOY_JAEGER_TRACING'),
	...rows(port, 'XRAY_DAEMON_PORT', 'DATADOG_TRACER_PORT', 'JAEGER_TRACER_PORT', 'STATSD_PORT'),
	...rows(ip, 'STATSD_ADDRESS'),
	...rows(daemonAddress, 'AWS_XRAY_DAEMON_ADDRESS'),
	...rows(hostName, 'DATADOG_TRACER_ADDRESS', 'JAEGER_TRACER_ADDRESS'),
	...rows(share, 'XRAY_SAMPLING_RATE'),
	...rows(interval, 'ENVOY_STATS_FLUSH_INTERVAL'),
	...rows(threads, 'ENVOY_CONCURRENCY'),
	...rows(count, 'MAX_REQUESTS_PER_IO_CYCLE'),
	...rows(timeout, 'ENVOY_INITIAL_FETCH_TIMEOUT'),
	...rows(socket, 'APPMESH_SDS_SOCKET_PATH', 'STATSD_SOCKET_PATH'),
	...rows(file, 'ENVOY_TRACING_CFG_FILE', 'ENVOY_STATS_CONFIG_FILE', 'ENVOY_STATS_SINKS_CFG_FILE'),
	...rows(file, 'ENVOY_RESOURCES_CONFIG_FILE', 'XRAY_SAMPLING_RULE_MANIFEST'),
];

/** All variables passed through to Envoy. No credentials are among them: Envoy gets those by its own means. */
export const passThroughNames: readonly string[] = table.flatMap(({ names }) => names);

export const fileVariables: readonly string[] = table.flatMap(({ names, kind }) => (kind === file ? names : []));

export interface PassThrough {
	readonly env: Readonly<Record<string, string>>;
	/** Files that the variables name: Envoy must find them at the same paths. */
	readonly files: readonly string[];
	readonly mistakes: readonly string[];
}

/**
 * Picks Envoy's variables from an environment and checks them. If one name of a pair is given, the other gets its value;
 * if both are, each keeps its own, and the newer one counts. Empty is unset.
 */
export function passThrough(env: Environment, whyNot: FileCheck): PassThrough {
	const read = table.map((row) => readRow(row, env, whyNot));
	const picked: Readonly<Record<string, string>> = Object.assign({}, ...read.map((row) => row.env));
	return {
		env: picked,
		files: [...new Set(fileVariables.flatMap((name) => picked[name] ?? []))],
		mistakes: [...read.flatMap(({ mistakes }) => mistakes), ...tracersOf(picked)],
	};
}

function readRow({ names, kind }: Row, env: Environment, whyNot: FileCheck): Pick<PassThrough, 'env' | 'mistakes'> {
	const values = new Map<string, string>();
	const mistakes: string[] = [];
	for (const name of names.filter((each) => (env[each] ?? '').trim() !== ''))
		try {
			values.set(name, kind.parse(String(env[name]).trim(), whyNot));
		} catch (error) {
			mistakes.push(`${name}: ${(error as Error).message}; allowed: ${kind.allowed}`);
		}
	const [first] = values.values();
	if (first === undefined) return { env: {}, mistakes };
	return { env: Object.fromEntries(names.map((name) => [name, values.get(name) ?? first])), mistakes };
}

const tracers = ['ENABLE_ENVOY_XRAY_TRACING', 'ENABLE_ENVOY_DATADOG_TRACING', 'ENABLE_ENVOY_JAEGER_TRACING'];

/** Envoy has one tracer. With a file of the user's, which comes first, the others are off. */
function tracersOf(env: Readonly<Record<string, string>>): readonly string[] {
	const on = env['ENVOY_TRACING_CFG_FILE'] === undefined ? tracers.filter((name) => env[name] === '1') : [];
	const [first, ...others] = on;
	if (first === undefined || others.length === 0) return [];
	return [`${first}: 1, and so ${others.length === 1 ? 'is' : 'are'} ${others.join(', ')}; allowed: one tracer`];
}

/** Variables of Envoy's images that are settings of ours: the setting's value counts, wherever it was written. */
export const variablesOfSettings = (settings: {
	readonly logLevel: string;
	readonly adminPort: number;
	readonly drainSeconds: number;
}): Readonly<Record<string, string>> => ({
	// AWS's agent treats any other spelling as info.
	ENVOY_LOG_LEVEL: settings.logLevel === 'warning' ? 'warn' : settings.logLevel,
	ENVOY_ADMIN_ACCESS_PORT: String(settings.adminPort),
	LISTENER_DRAIN_WAIT_TIME_S: String(settings.drainSeconds),
});
