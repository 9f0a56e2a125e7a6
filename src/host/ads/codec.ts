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
import type { Codec } from '../../xds/encoded.ts';
import { envoyApi } from './envoy-api.ts';

/** The fields of a DiscoveryRequest that Envoy is asked for. */
interface RequestMessage {
	readonly typeUrl: string;
	readonly versionInfo: string;
	readonly responseNonce: string;
	readonly resourceNames: readonly string[];
	readonly errorDetail?: { readonly message: string };
	readonly node?: { readonly id: string };
}

/** By Envoy's own descriptors: a field that its API does not have is an error. */
export function createCodec(): Codec {
	const descriptors = gunzipSync(Buffer.from(envoyApi, 'base64'));
	const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
	const [request, response] = [messageOf(registry, 'DiscoveryRequest'), messageOf(registry, 'DiscoveryResponse')];
	return {
		encodeResource: (resource) => toBinary(AnySchema, fromJson(AnySchema, resource as JsonValue, { registry })),
		encodeResponse: ({ resources, ...head }) =>
			Buffer.concat([toBinary(response, create(response, head)), ...resources.flatMap(asField)]),
		decodeRequest(bytes) {
			const { errorDetail, node, ...rest } = decoded(request, bytes) as unknown as RequestMessage;
			const { typeUrl, versionInfo, responseNonce, resourceNames } = rest;
			return { typeUrl, versionInfo, responseNonce, resourceNames, error: errorDetail?.message, nodeId: node?.id };
		},
	};
}

function decoded(schema: DescMessage, bytes: Uint8Array): Message {
	try {
		return fromBinary(schema, bytes);
	} catch (cause) {
		throw new Failure('config', 'it sent no DiscoveryRequest', 'Only Envoy is to use this socket', cause);
	}
}

function messageOf(registry: Registry, name: string): DescMessage {
	const found = registry.getMessage(`envoy.service.discovery.v3.${name}`);
	if (found === undefined) throw new Error(`Envoy's descriptors lack ${name}`);
	return found;
}

/** `resources = 2` of DiscoveryResponse (envoy/service/discovery/v3/discovery.proto), with its length. */
const RESOURCES = (2 << 3) | 2;

/** The parts of a message may follow one another in any order (protobuf's encoding): what is encoded is not encoded again. */
function asField(bytes: Uint8Array): Uint8Array[] {
	const head = [RESOURCES];
	let left = bytes.length;
	for (; left > 0x7f; left >>>= 7) head.push((left & 0x7f) | 0x80);
	return [Uint8Array.from([...head, left]), bytes];
}
