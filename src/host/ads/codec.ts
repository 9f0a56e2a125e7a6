import { gunzipSync } from 'node:zlib';
import {
	create,
	createFileRegistry,
	type DescMessage,
	fromBinary,
	fromJson,
	type JsonValue,
	type Message,
	type Registry,
	toBinary,
} from '@bufbuild/protobuf';
import { AnySchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Failure } from '../../failure.ts';
import { oneLine } from '../../lib/escape.ts';
import type { Codec } from '../../xds/encoded.ts';
import { envoyApi } from './envoy-api.ts';
import { asField } from './field-bytes.ts';
import { createRoutesEncoder, type RoutesSchema } from './routes-encoder.ts';

/** The fields of a DiscoveryRequest that Envoy is asked for. */
interface RequestMessage {
	readonly typeUrl: string;
	readonly versionInfo: string;
	readonly responseNonce: string;
	readonly resourceNames: readonly string[];
	readonly errorDetail?: { readonly message: string };
	readonly node?: { readonly id: string };
}

export const createCodec = (): Codec => createCodecs()();

/**
 * By Envoy's own descriptors: a field that its API does not have is an error. Each codec is for one node, as it remembers the routes
 * that it has encoded; what they share is made once.
 */
export function createCodecs(): () => Codec {
	const descriptors = gunzipSync(Buffer.from(envoyApi, 'base64'));
	const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
	const [request, response] = [messageOf(registry, `${DISCOVERY}Request`), messageOf(registry, `${DISCOVERY}Response`)];
	const [routes, virtualHost] = [messageOf(registry, ROUTES), messageOf(registry, 'envoy.config.route.v3.VirtualHost')];
	return () => codecOf({ registry, request, response, routes, virtualHost });
}

interface Schemas extends RoutesSchema {
	readonly request: DescMessage;
	readonly response: DescMessage;
}

function codecOf({ registry, request, response, routes, virtualHost }: Schemas): Codec {
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
		decodeRequest(bytes) {
			const { errorDetail, node, ...rest } = decoded(request, bytes) as unknown as RequestMessage;
			const { typeUrl, versionInfo, responseNonce, resourceNames } = rest;
			return {
				typeUrl,
				versionInfo,
				responseNonce,
				resourceNames,
				error: errorDetail && reasonOf(errorDetail.message),
				nodeId: node?.id,
			};
		},
	};
}

const LONGEST_HEAD = 500;
const LONGEST_TAIL = 1_500;

/** On one line. Envoy may show all of a value that is wrong, before it says why. */
function reasonOf(message: string): string {
	const text = oneLine(message);
	return text.length <= LONGEST_HEAD + LONGEST_TAIL
		? text
		: `${text.slice(0, LONGEST_HEAD)} … ${text.slice(-LONGEST_TAIL)}`;
}

function decoded(schema: DescMessage, bytes: Uint8Array): Message {
	try {
		return fromBinary(schema, bytes);
	} catch (cause) {
		throw new Failure('config', 'it sent no DiscoveryRequest', 'Only Envoy is to use this socket', cause);
	}
}

const DISCOVERY = 'envoy.service.discovery.v3.Discovery';
const ROUTES = 'envoy.config.route.v3.RouteConfiguration';

const typeUrlOf = ({ typeName }: DescMessage): string => `type.googleapis.com/${typeName}`;

function messageOf(registry: Registry, name: string): DescMessage {
	const found = registry.getMessage(name);
	if (found === undefined) throw new Error(`Envoy's descriptors lack ${name}`);
	return found;
}

/** `resources` of DiscoveryResponse (envoy/service/discovery/v3/discovery.proto). */
const RESOURCES = 2;
