import { READING_LISTENER } from '../values/reading-listener.ts';

/** One Envoy's doors. */
export interface Doors {
	/** Ours alone: what this Envoy says of itself. */
	readonly instance: string;
	/** Where its admin interface is. Whoever may enter the folder may do with Envoy as he likes. */
	readonly socketPath: string;
	/** On 127.0.0.1, for everybody, to read; 0: nowhere. */
	readonly adminPort: number;
}

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * Laid over the bootstrap, whoever wrote that (protobuf's merge: an address replaces the other, lists are joined): a
 * name of its own, its admin interface on a socket of its own, and a listener that hands on what only reads. Envoy's listeners share their
 * ports by default (enable_reuse_port): another Envoy may take over while this one is there.
 */
export const overlayArguments = (doors: Doors): string[] => ['--config-yaml', overlay(doors)];

export const overlay = ({ instance, socketPath, adminPort }: Doors): string =>
	JSON.stringify({
		node: { metadata: { turnout: instance } },
		// The folder is what keeps others out: the daemon need be neither Envoy's user nor of its group.
		admin: { address: { pipe: { path: socketPath, mode: 0o666 } } },
		...(adminPort === 0
			? {}
			: { static_resources: { listeners: [reading(adminPort)], clusters: [toAdmin(socketPath)] } }),
	} satisfies Json);

/**
 * What tells and changes nothing (envoyproxy.io, operations/admin). Not /config_dump, which may hold secrets, nor what
 * keeps Envoy busy: profiles, /tap.
 */
const readings = [
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

const READ = `/(${readings.join('|')})`;
const MAY_BE_READ = `This port is for reading: GET ${readings.map((path) => `/${path}`).join(', ')}.\n`;

const reading = (adminPort: number): Json => ({
	name: READING_LISTENER,
	stat_prefix: READING_LISTENER,
	address: { socket_address: { address: '127.0.0.1', port_value: adminPort } },
	filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
});

const extension = (path: string): Json => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${path}` });

const manager: Json = {
	...(extension('network.http_connection_manager.v3.HttpConnectionManager') as object),
	stat_prefix: READING_LISTENER,
	codec_type: 'HTTP1',
	// Whoever is internal may name statistics, without end (x-envoy-upstream-alt-stat-name). Nobody has this address
	// (RFC 5737), and without any those of this host were internal.
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

/** By the whole path as it was written: whatever is spelt otherwise is another one, and refused. */
function routes(): Json {
	const refuse = (status: number) => ({ status, body: { inline_string: MAY_BE_READ } });
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
