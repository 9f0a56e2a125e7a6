import { bootstrapBase, type Identity } from './bootstrap-base.ts';
import type { Json, JsonObject, Snapshot } from './snapshot.ts';

/** Everything in one file, as `envoy -c` takes it: what a snapshot says, without a daemon that may change it. */
export function staticBootstrap(snapshot: Snapshot, identity: Identity): JsonObject {
	const routes = (name: string): JsonObject => untyped(snapshot.rds[name] ?? {});
	return {
		...bootstrapBase(identity),
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
