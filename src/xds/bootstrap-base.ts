import { http2 } from './http2.ts';
import { extension, type JsonObject } from './snapshot.ts';

export interface Identity {
	/** `mesh/MESH/virtualNode/NAME`, as App Mesh has it. */
	readonly id: string;
	/** The name in statistics and traces. */
	readonly cluster: string;
}

/** What both bootstraps have: the static one and that for ADS. */
export const bootstrapBase = ({ id, cluster }: Identity): JsonObject => ({
	node: { id, cluster },
	typedDnsResolverConfig: dnsResolver,
	layeredRuntime: layeredRuntime(),
});

/** A DNS server that never answers would hold up the clusters for over a minute; like this for 2 s. */
const dnsResolver = extension(
	'envoy.network.dns_resolver.cares',
	'extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig',
	{ queryTimeoutSeconds: 1, queryTries: 1 },
);

/** As in AWS's image: the regexes that App Mesh allows may need more than Envoy's own limit of 100. */
export const layeredRuntime = (more: JsonObject = {}): JsonObject => ({
	layers: [
		{ name: 'static_layer_0', staticLayer: { 're2.max_program_size.error_level': 1_000, ...more } },
		{ name: 'admin_layer', adminLayer: {} },
	],
});

export const grpcCluster = (name: string, path: string, settings: JsonObject = {}): JsonObject => ({
	...{ name, type: 'STATIC', connectTimeout: '1s' },
	...http2(settings),
	loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }] },
});
