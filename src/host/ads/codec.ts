import { gunzipSync } from 'node:zlib';
import {
	create,
	createFileRegistry,
	type DescMessage,
	fromBinary,
	fromJson,
	type JsonValue,
	type Registry,
	toBinary,
} from '@bufbuild/protobuf';
import { AnySchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Codec } from '../../xds/encoded.ts';
import { decodeDiscoveryRequest } from './discovery-request.ts';
import { envoyApi } from './envoy-api.ts';
import { asField } from './field-bytes.ts';
import { createRoutesEncoder, type RoutesSchema } from './routes-encoder.ts';

export const createCodec = (): Codec => createCodecs()();

/**
 * By Envoy's own descriptors: a field that its API does not have is an error. Each codec is for one node, as it remembers the routes
 * that it has encoded; what they share is made once.
 */
export function createCodecs(): () => Codec {
	const descriptors = gunzipSync(Buffer.from(envoyApi, 'base64'));
	const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
	const response = messageOf(registry, 'envoy.service.discovery.v3.DiscoveryResponse');
	const [routes, virtualHost] = [messageOf(registry, ROUTES), messageOf(registry, 'envoy.config.route.v3.VirtualHost')];
	return () => codecOf({ registry, response, routes, virtualHost });
}

interface Schemas extends RoutesSchema {
	readonly response: DescMessage;
}

function codecOf({ registry, response, routes, virtualHost }: Schemas): Codec {
	const encodeRoutes = createRoutesEncoder({ registry, routes, virtualHost });
	return {
		encodeResource: (resource) =>
			resource['@type'] === typeUrlOf(routes)
				? toBinary(AnySchema, create(AnySchema, { typeUrl: typeUrlOf(routes), value: encodeRoutes(resource) }))
				: toBinary(AnySchema, fromJson(AnySchema, resource as JsonValue, { registry })),
		encodeResponse: ({ resources, ...head }) =>
			Buffer.concat([
				toBinary(response, create(response, head)),
				...resources.flatMap((bytes) => asField(RESOURCES, bytes)),
			]),
		decodeRequest: decodeDiscoveryRequest,
	};
}

const ROUTES = 'envoy.config.route.v3.RouteConfiguration';

const typeUrlOf = ({ typeName }: DescMessage): string => `type.googleapis.com/${typeName}`;

function messageOf(registry: Registry, name: string): DescMessage {
	const found = registry.getMessage(name);
	if (found === undefined) throw new Error(`Envoy's descriptors lack ${name}`);
	return found;
}

/** `resources` of DiscoveryResponse (envoy/service/discovery/v3/discovery.proto). */
const RESOURCES = 2;
