import { createHash } from 'node:crypto';
import { type JsonObject, type ResourceKind, resourceKinds, type Snapshot } from './snapshot.ts';

/** What an Envoy asks: a DiscoveryRequest (envoy/service/discovery/v3/discovery.proto). */
export interface DiscoveryRequest {
	readonly typeUrl: string;
	readonly versionInfo: string;
	readonly responseNonce: string;
	readonly resourceNames: readonly string[];
	/** Why Envoy rejects the last response; undefined: it does not. */
	readonly error: string | undefined;
	/** Of the first request of a stream. */
	readonly nodeId: string | undefined;
}

export interface DiscoveryResponse {
	readonly typeUrl: string;
	readonly versionInfo: string;
	readonly nonce: string;
	readonly resources: readonly Uint8Array[];
}

/** Between Envoy's messages and bytes. */
export interface Codec {
	/** An Any; throws where the resource has a field that Envoy's API does not know. */
	readonly encodeResource: (resource: JsonObject) => Uint8Array;
	readonly encodeResponse: (response: DiscoveryResponse) => Uint8Array;
	readonly decodeRequest: (bytes: Uint8Array) => DiscoveryRequest;
}

/** All resources of one kind. The same object as long as none of them changes. */
export interface EncodedKind {
	/** A hash of all of them: an Envoy that has it already, also from a former daemon, is sent nothing. */
	readonly version: string;
	readonly resources: ReadonlyMap<string, EncodedResource>;
}

export interface EncodedResource {
	readonly text: string;
	readonly bytes: Uint8Array;
}

export type EncodedSnapshot = Readonly<Record<ResourceKind, EncodedKind>>;

/** Encodes what has changed since `before`; the rest is taken over. */
export function encodeSnapshot(snapshot: Snapshot, codec: Codec, before?: EncodedSnapshot): EncodedSnapshot {
	const kinds = resourceKinds.map((kind) => [kind, encodeKind(snapshot[kind], codec, before?.[kind])] as const);
	return Object.fromEntries(kinds) as EncodedSnapshot;
}

function encodeKind(
	resources: Readonly<Record<string, JsonObject>>,
	codec: Codec,
	before: EncodedKind | undefined,
): EncodedKind {
	const encoded = Object.entries(resources).map(([name, resource]): [string, EncodedResource] => {
		const text = JSON.stringify(resource);
		const former = before?.resources.get(name);
		return [name, former?.text === text ? former : { text, bytes: codec.encodeResource(resource) }];
	});
	const isSame =
		encoded.length === before?.resources.size && encoded.every(([name, one]) => before.resources.get(name) === one);
	return isSame && before !== undefined ? before : kindOf(new Map(encoded));
}

/** Some resources as one kind, with the version that follows from them. */
function kindOf(resources: ReadonlyMap<string, EncodedResource>): EncodedKind {
	const hash = createHash('sha256');
	for (const [name, { text }] of [...resources].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${name}\0${text}\0`);
	return { version: hash.digest('base64url').slice(0, 16), resources };
}

/** Of all that one Envoy gets. */
export function snapshotVersion(snapshot: EncodedSnapshot): string {
	const versions = resourceKinds.map((kind) => snapshot[kind].version).join();
	return createHash('sha256').update(versions).digest('base64url').slice(0, 16);
}
