import type { Port } from '../values/units.ts';

/** What our own bootstrap is made from; `Config` satisfies the ports. */
export interface BootstrapInput {
	readonly ingressPort: Port;
	readonly egressPort: Port;
	readonly hasIpv6: boolean;
	/** Containers' captured connections arrive on their bridge's address and not on the loopback. */
	readonly capturesBridges: boolean;
}

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/**
 * An Envoy that passes everything on to where it was going, in both directions, and writes down each connection.
 * JSON, which Envoy reads as it reads YAML.
 */
export function renderBootstrap(input: BootstrapInput): string {
	const bootstrap: Json = {
		node: { id: 'turnout', cluster: 'turnout' },
		static_resources: { listeners: [ingress(input), egress(input)], clusters: [originalDst, blackhole] },
	};
	return `${JSON.stringify(bootstrap, null, '\t')}\n`;
}

/** Who dials the listener itself would be sent to the listener itself, for ever: such connections lead nowhere. */
function ingress(input: BootstrapInput): Json {
	const { ingressPort, egressPort, hasIpv6 } = input;
	return listener('ingress', 'INBOUND', ingressPort, hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'], [
		{ destination_port: ingressPort },
		{ destination_port: egressPort },
	]);
}

/** REDIRECT sends what this host itself dials to the loopback, which no other host can reach (iptables-extensions(8)). */
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
): Json {
	const [first = '0.0.0.0', ...others] = addresses;
	return {
		name,
		traffic_direction: direction,
		address: socketAddress(first, port),
		additional_addresses: others.map((address) => ({ address: socketAddress(address, port) })),
		// ::1 can be bound while a sysctl keeps IPv6 off, and is reached as soon as it is on again (IP_FREEBIND, ip(7)).
		freebind: true,
		listener_filters: [
			{
				name: 'envoy.filters.listener.original_dst',
				typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst' },
			},
		],
		filter_chains: loops.map((filter_chain_match, at) => ({
			name: `${name}_loop_${at}`,
			filter_chain_match,
			filters: [tcpProxy(`${name}_loop`, 'nowhere', [])],
		})),
		default_filter_chain: { name, filters: [tcpProxy(name, 'original_destination', [accessLog(name)])] },
	};
}

const tcpProxy = (statPrefix: string, cluster: string, logs: readonly Json[]): Json => ({
	name: 'envoy.filters.network.tcp_proxy',
	typed_config: {
		'@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
		stat_prefix: statPrefix,
		cluster,
		access_log: logs,
	},
});

/** To the stream and not to /dev/stdout: that file may not be opened again by another user. */
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

/** Envoy's own limit of 1024 connections a cluster would turn away what the host itself can carry. */
const UNLIMITED = 1_000_000;

const originalDst: Json = {
	name: 'original_destination',
	type: 'ORIGINAL_DST',
	lb_policy: 'CLUSTER_PROVIDED',
	connect_timeout: '10s',
	circuit_breakers: {
		thresholds: [{ max_connections: UNLIMITED, max_pending_requests: UNLIMITED, max_requests: UNLIMITED }],
	},
};

const blackhole: Json = { name: 'nowhere', type: 'STATIC', connect_timeout: '1s' };

const socketAddress = (address: string, port: Port): Json => ({
	socket_address: { address, port_value: port },
});
