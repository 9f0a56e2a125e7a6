import type { Port } from '../values/units.ts';

/** `Config` satisfies it. */
export interface BootstrapInput {
	readonly ingressPort: Port;
	readonly egressPort: Port;
	readonly hasIpv6: boolean;
	/** Captured connections of containers arrive at their bridge's address and not at the loopback. */
	readonly capturesBridges: boolean;
	/** Connections arrive with their addresses as they are. */
	readonly isTransparent?: boolean;
	/** The application sees the client's address. */
	readonly keepsClient?: boolean;
}

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** As it is on the disk. */
export const bootstrapText = (bootstrap: object): string => `${JSON.stringify(bootstrap, null, '\t')}\n`;

/** An Envoy that forwards everything to its original destination, in both directions, and logs each connection. */
export const passThroughBootstrap = (input: BootstrapInput): { readonly [key: string]: Json } => ({
	node: { id: 'turnout', cluster: 'turnout' },
	static_resources: {
		listeners: [ingress(input), egress(input)],
		clusters: [originalDst, blackhole, ...(input.keepsClient === true ? [application] : [])],
	},
});

/** A connection to the listener itself would be forwarded to the listener in an endless loop; it is closed instead. */
function ingress(input: BootstrapInput): Json {
	const { ingressPort, egressPort, hasIpv6, isTransparent = false, keepsClient = false } = input;
	return {
		...listener('ingress', 'INBOUND', ingressPort, hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'], [
			{ destination_port: ingressPort },
			{ destination_port: egressPort },
		]),
		...(isTransparent ? { transparent: true } : {}),
		...(keepsClient ? fromClient : {}),
	};
}

/** REDIRECT sends this host's own connections to the loopback, which no other host can reach (iptables-extensions(8)). */
function egress({ egressPort, hasIpv6, capturesBridges }: BootstrapInput): Json {
	const [ipv4, ipv6] = capturesBridges ? ['0.0.0.0', '::'] : ['127.0.0.1', '::1'];
	return listener('egress', 'OUTBOUND', egressPort, hasIpv6 ? [ipv4, ipv6] : [ipv4], [
		{ destination_port: egressPort, source_type: 'SAME_IP_OR_LOOPBACK' },
	]);
}

function listener(
	name: string,
	direction: string,
	port: Port,
	addresses: readonly string[],
	loops: readonly Json[],
): { readonly [key: string]: Json } {
	const [first = '0.0.0.0', ...others] = addresses;
	return {
		name,
		traffic_direction: direction,
		address: socketAddress(first, port),
		additional_addresses: others.map((address) => ({ address: socketAddress(address, port) })),
		// Binds ::1 even while a sysctl disables IPv6; it is reachable once IPv6 is enabled again (IP_FREEBIND, ip(7)).
		freebind: true,
		listener_filters: [restoreDestination],
		filter_chains: loops.map((filter_chain_match, at) => ({
			name: `${name}_loop_${at}`,
			filter_chain_match,
			filters: [tcpProxy(`${name}_loop`, 'nowhere', [])],
		})),
		default_filter_chain: { name, filters: [tcpProxy(name, 'original_destination', [accessLog(name)])] },
	};
}

const restoreDestination: Json = {
	name: 'envoy.filters.listener.original_dst',
	typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' },
};

/** Connects to the application from the client's address. */
const keepSource: Json = {
	name: 'envoy.filters.listener.original_src',
	typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_src.v3.OriginalSrc' },
};

const tcpProxy = (statPrefix: string, cluster: string, logs: readonly Json[], more: object = {}): Json => ({
	name: 'envoy.filters.network.tcp_proxy',
	typed_config: {
		'@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
		stat_prefix: statPrefix,
		cluster,
		access_log: logs,
		...more,
	},
});

/** The stream and not /dev/stdout, which another user may not open again. */
const accessLog = (name: string): Json => ({
	name: 'envoy.access_loggers.stdout',
	typed_config: {
		'@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog',
		log_format: {
			text_format_source: {
				inline_string: `[%START_TIME%] ${name} %DOWNSTREAM_REMOTE_ADDRESS% -> %DOWNSTREAM_LOCAL_ADDRESS% in=%BYTES_RECEIVED% out=%BYTES_SENT% ms=%DURATION% flags=%RESPONSE_FLAGS%\n`,
			},
		},
	},
});

/**
 * The port that the kernel chooses may be the one of another connection of the same client: then nobody answers, and Envoy
 * tries again with the next.
 */
const fromClient = {
	listener_filters: [restoreDestination, keepSource],
	default_filter_chain: {
		name: 'ingress',
		filters: [tcpProxy('ingress', 'application', [accessLog('ingress')], { max_connect_attempts: 3 })],
	},
};

/** Envoy's default of 1024 connections for a cluster would reject what the host can carry. */
const UNLIMITED = 1_000_000;

const originalDst = {
	name: 'original_destination',
	type: 'ORIGINAL_DST',
	lb_policy: 'CLUSTER_PROVIDED',
	connect_timeout: '10s',
	circuit_breakers: {
		thresholds: [{ max_connections: UNLIMITED, max_pending_requests: UNLIMITED, max_requests: UNLIMITED }],
	},
};

/** On this host, where a connection takes no time. */
const application: Json = { ...originalDst, name: 'application', connect_timeout: '1s' };

const blackhole: Json = { name: 'nowhere', type: 'STATIC', connect_timeout: '1s' };

const socketAddress = (address: string, port: Port): Json => ({
	socket_address: { address, port_value: port },
});
