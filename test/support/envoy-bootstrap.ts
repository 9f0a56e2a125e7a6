// PURE. The bootstrap of an Envoy whose listeners answer with its name, which proves that a connection was captured.

export interface BootstrapOptions {
	/** The address of the listener on 15000; all of both families unless given. */
	readonly ingress?: string;
	/** Of the one on 15001. */
	readonly egress?: string;
	/** At port 9901 of the loopback unless given; null for none. */
	readonly admin?: object | null;
	/** More of `static_resources`. */
	readonly more?: object;
}

/** JSON, which is YAML too. */
export function answeringBootstrap(name: string, options: BootstrapOptions = {}): string {
	const { ingress = '::', egress = '::', admin = { address: socketAddress('127.0.0.1', 9901) }, more = {} } = options;
	const listeners = [listener(name, ingress, 15_000), listener(name, egress, 15_001)];
	return JSON.stringify({ ...(admin === null ? {} : { admin }), static_resources: { ...more, listeners } });
}

export const socketAddress = (address: string, port: number) => ({
	socket_address: { address, port_value: port, ...(address === '::' ? { ipv4_compat: true } : {}) },
});

const listener = (name: string, address: string, port: number) => ({
	address: socketAddress(address, port),
	filter_chains: [
		{
			filters: [
				{
					name: 'envoy.filters.network.direct_response',
					typed_config: {
						'@type': 'type.googleapis.com/envoy.extensions.filters.network.direct_response.v3.Config',
						response: { inline_string: `${name}\n` },
					},
				},
			],
		},
	],
});
