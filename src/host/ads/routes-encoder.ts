import { type DescMessage, fromJson, type JsonValue, type Registry, toBinary } from '@bufbuild/protobuf';
import type { Json, JsonObject } from '../../xds/snapshot.ts';
import { asField } from './field-bytes.ts';

/** `virtual_hosts` of RouteConfiguration (envoy/config/route/v3/route.proto). */
const VIRTUAL_HOSTS = 2;

export interface RoutesSchema {
	readonly registry: Registry;
	readonly routes: DescMessage;
	readonly virtualHost: DescMessage;
}

/**
 * Routes are one resource with a virtual host for each service, of which one changes at a time: those that are as they were
 * in the last resource of the same name are not encoded again.
 */
export function createRoutesEncoder({
	registry,
	routes,
	virtualHost,
}: RoutesSchema): (resource: JsonObject) => Uint8Array {
	const last = new Map<Json | undefined, ReadonlyMap<string, Uint8Array>>();
	const encode = (schema: DescMessage, value: Json): Uint8Array =>
		toBinary(schema, fromJson(schema, value as JsonValue, { registry }));
	return ({ '@type': _, virtualHosts = [], ...rest }) => {
		const former = last.get(rest['name']);
		const hosts = (virtualHosts as readonly Json[]).map((host): [string, Uint8Array] => {
			const text = JSON.stringify(host);
			return [text, former?.get(text) ?? encode(virtualHost, host)];
		});
		last.set(rest['name'], new Map(hosts));
		return Buffer.concat([encode(routes, rest), ...hosts.flatMap(([, bytes]) => asField(VIRTUAL_HOSTS, bytes))]);
	};
}
