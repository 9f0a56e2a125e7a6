import type { Json, JsonObject, Snapshot } from './snapshot.ts';

export interface Identity {
	/** `mesh/MESH/virtualNode/NAME`, as App Mesh has it. */
	readonly id: string;
	/** The name in statistics and traces. */
	readonly cluster: string;
	/** The socket of Envoy's admin interface; undefined: none. */
	readonly adminPath?: string;
}

/** Everything in one file, as `envoy -c` takes it: what a snapshot says, without a daemon that may change it. */
export function staticBootstrap(snapshot: Snapshot, { id, cluster, adminPath }: Identity): JsonObject {
	const routes = (name: string): JsonObject => untyped(snapshot.rds[name] ?? {});
	return {
		node: { id, cluster },
		...(adminPath === undefined ? {} : { admin: { address: { pipe: { path: adminPath, mode: 0o600 } } } }),
		staticResources: {
			clusters: Object.values(snapshot.cds).map(untyped),
			listeners: Object.values(snapshot.lds).map((listener) => inline(untyped(listener), routes) as JsonObject),
		},
	};
}

/** `@type` is for Any; fields of a fixed type must not have it. */
function untyped({ '@type': _, ...rest }: JsonObject): JsonObject {
	return rest;
}

/** Puts each route configuration in place of the reference to it. */
function inline(value: Json, routes: (name: string) => JsonObject): Json {
	if (Array.isArray(value)) return value.map((item: Json) => inline(item, routes));
	if (typeof value !== 'object') return value;
	const entries = Object.entries(value).map(([key, inner]): [string, Json] => {
		if (key !== 'rds') return [key, inline(inner, routes)];
		const { routeConfigName = '' } = inner as JsonObject;
		return ['routeConfig', routes(String(routeConfigName))];
	});
	return Object.fromEntries(entries);
}
