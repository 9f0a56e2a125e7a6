import { READING_LISTENER } from '../values/reading-listener.ts';

/** Where one instance is reached. */
export interface AdminAccess {
	/** Unique; reported as node metadata. */
	readonly instance: string;
	/** Its admin interface: whoever can enter the directory has full control of Envoy. */
	readonly socketPath: string;
	/** On 127.0.0.1, read-only, for any user; 0: none. */
	readonly adminPort: number;
}

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * Merged into any bootstrap (as protobuf does: an address is replaced, lists are joined): the instance's name, its admin
 * interface on a unix socket, and a listener that forwards only requests that read. Envoy's listeners share their ports by
 * default (enable_reuse_port), so another instance can take over while this one runs.
 */
export const overlayArguments = (access: AdminAccess): string[] => ['--config-yaml', overlay(access)];

export const overlay = ({ instance, socketPath, adminPort }: AdminAccess): string =>
	JSON.stringify({
		node: { metadata: { turnout: instance } },
		// The directory keeps others out, as the daemon may be neither Envoy's user nor in its group.
		admin: { address: { pipe: { path: socketPath, mode: 0o666 } } },
		...(adminPort === 0 ? {} : { static_resources: reading(socketPath, adminPort, ['127.0.0.1']) }),
	} satisfies Json);

/** Likewise for an Envoy in a pod, whose probes and Prometheus ask from elsewhere. Its admin interface stays within its container. */
export const podOverlay = (port: number): { readonly [key: string]: Json } => ({
	admin: { address: { pipe: { path: POD_ADMIN } } },
	static_resources: reading(POD_ADMIN, port, ['0.0.0.0', '::']),
});

const POD_ADMIN = '/tmp/envoy_admin.socket';

const reading = (socketPath: string, port: number, addresses: readonly string[]): Json => ({
	listeners: [readingListener(port, addresses)],
	clusters: [toAdmin(socketPath)],
});

/**
 * Paths that change nothing (envoyproxy.io, operations/admin). Without /config_dump, which may hold secrets, and without
 * those that keep Envoy busy: profiles, /tap.
 */
const readablePaths = [
	'certs',
	'clusters',
	'listeners',
	'memory',
	'ready',
	'runtime',
	'server_info',
	'stats',
	'stats/prometheus',
];

const READ = `/(${readablePaths.join('|')})`;
const READ_ONLY = `This port is for reading: GET ${readablePaths.map((path) => `/${path}`).join(', ')}.\n`;

const readingListener = (port: number, [first, ...others]: readonly string[]): Json => ({
	name: READING_LISTENER,
	stat_prefix: READING_LISTENER,
	address: { socket_address: { address: first ?? '', port_value: port } },
	...(others.length === 0
		? {}
		: {
				additional_addresses: others.map((address) => ({ address: { socket_address: { address, port_value: port } } })),
			}),
	filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
});

const extension = (path: string): Json => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${path}` });

const manager: Json = {
	...(extension('network.http_connection_manager.v3.HttpConnectionManager') as object),
	stat_prefix: READING_LISTENER,
	codec_type: 'HTTP1',
	// An internal client may create any number of statistics (x-envoy-upstream-alt-stat-name). Nobody has this address
	// (RFC 5737); with no range given, this host's clients would be internal.
	use_remote_address: true,
	internal_address_config: { cidr_ranges: [{ address_prefix: '192.0.2.0', prefix_len: 32 }] },
	generate_request_id: false,
	server_header_transformation: 'PASS_THROUGH',
	common_http_protocol_options: { idle_timeout: '60s' },
	request_headers_timeout: '10s',
	http_filters: [
		{
			name: 'envoy.filters.http.router',
			typed_config: { ...(extension('http.router.v3.Router') as object), suppress_envoy_headers: true },
		},
	],
	route_config: {
		name: READING_LISTENER,
		virtual_hosts: [{ name: READING_LISTENER, domains: ['*'], routes: routes() }],
	},
};

/** Matches the whole path as written: any other spelling is refused. */
function routes(): Json {
	const refuse = (status: number) => ({ status, body: { inline_string: READ_ONLY } });
	const regex = (text: string) => ({ safe_regex: { regex: text } });
	const reads = { name: ':method', string_match: regex('GET|HEAD') };
	return [
		{ match: { ...regex(READ), headers: [reads] }, route: { cluster: READING_LISTENER, timeout: '60s' } },
		{ match: regex(READ), direct_response: refuse(405) },
		{ match: { prefix: '/' }, direct_response: refuse(403) },
	];
}

const toAdmin = (path: string): Json => ({
	name: READING_LISTENER,
	type: 'STATIC',
	connect_timeout: '2s',
	load_assignment: {
		cluster_name: READING_LISTENER,
		endpoints: [{ lb_endpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
	},
});
