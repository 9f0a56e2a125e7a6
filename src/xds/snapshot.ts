/** proto3 JSON of Envoy's v3 API: camelCase, with `@type` in each Any. */
export type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** Kinds of resources, in the order in which Envoy must get what is new: whoever refers comes after what it refers to. */
export const resourceKinds = ['cds', 'eds', 'lds', 'rds'] as const;
export type ResourceKind = (typeof resourceKinds)[number];

const API = 'type.googleapis.com/envoy.';

export const typeOf = (name: string): string => API + name;

export const typeUrls: Readonly<Record<ResourceKind, string>> = {
	cds: typeOf('config.cluster.v3.Cluster'),
	eds: typeOf('config.endpoint.v3.ClusterLoadAssignment'),
	lds: typeOf('config.listener.v3.Listener'),
	rds: typeOf('config.route.v3.RouteConfiguration'),
};

/** All that one Envoy gets, by kind and name. */
export type Snapshot = Readonly<Record<ResourceKind, Readonly<Record<string, JsonObject>>>>;

type Named = JsonObject & { readonly name: string };
export type Cluster = Named;
export type Listener = Named;
export type Routes = Named;

/** An extension as Envoy takes it since 1.20: never by its name alone. */
export const extension = (name: string, type: string, config: JsonObject = {}): JsonObject => ({
	name,
	typedConfig: { '@type': typeOf(type), ...config },
});

export const socketAddress = (address: string, portValue: number): JsonObject => ({
	socketAddress: { address, portValue },
});

/** `more`: of the endpoint. */
export const endpoints = (clusterName: string, address: string, port: number, more: JsonObject = {}): JsonObject => ({
	clusterName,
	endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(address, port), ...more } }] }],
});

/** From the stream that Envoy has open already. */
export const fromAds: JsonObject = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };

/** Resources by name, each with its type. */
export const named = (kind: ResourceKind, resources: readonly Named[]) =>
	Object.fromEntries(resources.map((resource) => [resource.name, { '@type': typeUrls[kind], ...resource }]));

/** A server behind a cluster of the bootstrap. Without the intervals Envoy takes up to 30 s to come back to one that was restarted. */
export const overGrpc = (clusterName: string): JsonObject => ({
	...{ apiType: 'GRPC', transportApiVersion: 'V3' },
	grpcServices: [
		{ envoyGrpc: { clusterName, retryPolicy: { retryBackOff: { baseInterval: '0.1s', maxInterval: '2s' } } } },
	],
});
