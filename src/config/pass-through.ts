import { hasControlCharacters, quote } from '../lib/escape.ts';
import { LONGEST_SOCKET_PATH } from '../values/socket-path.ts';
import { parsePort } from '../values/units.ts';

type Kind = 'text' | 'flag' | 'port' | 'file' | 'socket';
type Environment = Readonly<Record<string, string | undefined>>;

interface Row {
	readonly names: readonly string[];
	readonly kind: Kind;
}

/** Variables that Envoy's images read and that are not settings of ours; a row holds all names of one, the oldest first. */
const table: readonly Row[] = [
	{ names: ['APPMESH_VIRTUAL_NODE_NAME', 'APPMESH_RESOURCE_NAME'], kind: 'text' },
	{ names: ['APPMESH_RESOURCE_ARN'], kind: 'text' },
	{ names: ['APPMESH_VIRTUAL_NODE_CLUSTER', 'APPMESH_RESOURCE_CLUSTER'], kind: 'text' },
	{ names: ['APPMESH_XDS_ENDPOINT'], kind: 'text' },
	{ names: ['APPMESH_PREVIEW'], kind: 'flag' },
	{ names: ['APPMESH_SDS_SOCKET_PATH'], kind: 'socket' },
	{ names: ['APPMESH_METRIC_EXTENSION_VERSION'], kind: 'text' },
	{ names: ['AWS_REGION'], kind: 'text' },
	{ names: ['ENVOY_INITIAL_FETCH_TIMEOUT'], kind: 'text' },
	{ names: ['ENVOY_CONCURRENCY'], kind: 'text' },
	{ names: ['ENABLE_ENVOY_XRAY_TRACING'], kind: 'flag' },
	{ names: ['XRAY_DAEMON_PORT'], kind: 'port' },
	{ names: ['XRAY_SAMPLING_RATE'], kind: 'text' },
	{ names: ['ENVOY_TRACING_CFG_FILE'], kind: 'file' },
	{ names: ['ENABLE_ENVOY_DOG_STATS', 'ENABLE_ENVOY_DOG_STATSD'], kind: 'flag' },
	{ names: ['STATSD_PORT'], kind: 'port' },
	{ names: ['STATSD_ADDRESS'], kind: 'text' },
	{ names: ['ENVOY_STATS_SINKS_CFG_FILE'], kind: 'file' },
	{ names: ['ENVOY_STATS_CONFIG_FILE'], kind: 'file' },
	{ names: ['ENABLE_ENVOY_STATS_TAGS'], kind: 'flag' },
];

/** All variables passed through to Envoy. No credentials are among them: Envoy gets those by its own means. */
export const passThroughNames: readonly string[] = table.flatMap(({ names }) => names);

export interface PassThrough {
	readonly env: Readonly<Record<string, string>>;
	/** Files that the variables name: Envoy must find them at the same paths. */
	readonly files: readonly string[];
	/** Sockets that they name: Envoy's container gets these too. */
	readonly sockets: readonly string[];
	readonly mistakes: readonly string[];
}

/** Why a file cannot be used; undefined if it can. */
export type FileCheck = (path: string) => string | undefined;

/**
 * Picks Envoy's variables from an environment and checks them. If one name of a row is given, the others get its value;
 * if several are, each keeps its own and the image chooses. Empty is unset.
 */
export function passThrough(env: Environment, whyNot: FileCheck): PassThrough {
	const rows = table.map((row) => readRow(row, env, whyNot));
	return {
		env: Object.assign({}, ...rows.map((row) => row.env)),
		files: [...new Set(rows.flatMap(({ files }) => files))],
		sockets: [...new Set(rows.flatMap(({ sockets }) => sockets))],
		mistakes: rows.flatMap(({ mistakes }) => mistakes),
	};
}

function readRow({ names, kind }: Row, env: Environment, whyNot: FileCheck): PassThrough {
	const values = new Map<string, string>();
	const mistakes: string[] = [];
	for (const name of names.filter((each) => (env[each] ?? '').trim() !== ''))
		try {
			values.set(name, parsers[kind](String(env[name]).trim(), whyNot));
		} catch (error) {
			mistakes.push(`${name}: ${(error as Error).message}; allowed: ${allowed[kind]}`);
		}
	const [first] = values.values();
	if (first === undefined) return { env: {}, files: [], sockets: [], mistakes };
	const filled = names.map((name) => [name, values.get(name) ?? first] as const);
	const named = (of: Kind) => (kind === of ? [...values.values()] : []);
	return { env: Object.fromEntries(filled), files: named('file'), sockets: named('socket'), mistakes };
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

const allowed: Readonly<Record<Kind, string>> = {
	text: 'text without control characters',
	flag: '1 or 0',
	port: 'one port from 1 to 65535',
	file: 'the absolute path of a readable file',
	socket: `the absolute path of a unix socket, of at most ${LONGEST_SOCKET_PATH} bytes`,
};

const parsers: Readonly<Record<Kind, (text: string, whyNot: FileCheck) => string>> = {
	text: withoutControls,
	flag: parseFlag,
	port: (text) => String(parsePort(text)),
	file: parseFile,
	socket: parseSocket,
};

/** The images accept 1 and 0 only. */
function parseFlag(text: string): string {
	const found = new Map([
		['1', '1'],
		['true', '1'],
		['0', '0'],
		['false', '0'],
	]).get(text);
	if (found === undefined) throw new Error(`${quote(text)} is neither 1 nor 0`);
	return found;
}

function parseFile(text: string, whyNot: FileCheck): string {
	const path = parseAbsolute(text);
	const why = whyNot(path);
	if (why !== undefined) throw new Error(`${quote(text)} cannot be used: ${why}`);
	return path;
}

/** It may be made later. */
function parseSocket(text: string): string {
	const path = parseAbsolute(text);
	const bytes = Buffer.byteLength(path);
	if (bytes > LONGEST_SOCKET_PATH) throw new Error(`${quote(text)} has ${bytes} bytes`);
	return path;
}

function parseAbsolute(text: string): string {
	const path = withoutControls(text);
	if (!path.startsWith('/')) throw new Error(`${quote(text)} does not begin with /`);
	return path;
}

function withoutControls(text: string): string {
	if (hasControlCharacters(text)) throw new Error(`${quote(text)} has a control character`);
	return text;
}
