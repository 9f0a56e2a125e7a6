import { Failure } from '../failure.ts';
import type { Clock } from '../lib/clock.ts';
import type { Codec, DiscoveryRequest, EncodedKind, EncodedSnapshot } from './encoded.ts';
import { createRetired, type Retired } from './retired-clusters.ts';
import { type ResourceKind, resourceKinds, typeUrls } from './snapshot.ts';

/** What an Envoy says of what it was sent. */
export type AdsEvent =
	| { readonly kind: 'connected'; readonly node: string }
	/** It has all of it; what is gone may still be there, for connections that are open. */
	| { readonly kind: 'accepted'; readonly snapshot: EncodedSnapshot }
	| { readonly kind: 'rejected'; readonly snapshot: EncodedSnapshot; readonly of: ResourceKind; readonly why: string };

export interface AdsStream {
	/** Throws a Failure where the Envoy is to be refused. */
	readonly receive: (request: DiscoveryRequest) => void;
	/** What the Envoy is to have from now on. */
	readonly update: (snapshot: EncodedSnapshot) => void;
	/** The Envoy has read what it was sent. */
	readonly drained: () => void;
	readonly close: () => void;
}

/** Returns false where the Envoy reads more slowly than it is sent: nothing more is sent until it has drained. */
export type Send = (bytes: Uint8Array) => boolean;

export interface StreamOptions {
	readonly codec: Codec;
	readonly clock: Clock;
	/** How long Envoy leaves open the connections of a listener that is gone or was changed. */
	readonly drainMs: number;
	/** What Envoys have accepted before this one connected. */
	readonly accepted?: EncodedSnapshot | undefined;
}

/** What an Envoy has asked for of one kind, and what it was sent. */
interface Subscription {
	/** Undefined: all that there is. */
	names: readonly string[] | undefined;
	nonce: string;
	/** The kind of the snapshot that was sent, and acknowledged, last. */
	sent: EncodedKind | undefined;
	acked: EncodedKind | undefined;
	/** It asks for more than it was sent. */
	isDue: boolean;
}

interface Stream {
	readonly options: StreamOptions;
	readonly send: Send;
	readonly emit: (event: AdsEvent) => void;
	readonly retired: Retired;
	readonly subscriptions: Partial<Record<ResourceKind, Subscription>>;
	target: EncodedSnapshot | undefined;
	/** Clusters that the Envoy has acknowledged. */
	clusters: EncodedKind['resources'];
	/** The clusters of the last response. */
	offered: EncodedKind['resources'];
	nonces: number;
	isSettled: boolean;
	/** It has said which node it is. */
	isNamed: boolean;
	/** Nothing more is sent until it has drained. */
	isFull: boolean;
}

/**
 * State of the world over one stream (Envoy's xDS protocol), make before break: clusters old and new, endpoints, listeners,
 * routes; each after the one before was acknowledged. A listener or route thus never refers to a cluster that its Envoy does
 * not have. Clusters that are gone go last, once the connections have ended that Envoy still serves by what it had.
 */
export function createAdsStream(options: StreamOptions, send: Send, emit: (event: AdsEvent) => void): AdsStream {
	const stream: Stream = {
		...{ options, send, emit, subscriptions: {}, target: undefined, clusters: new Map(), offered: new Map() },
		...{ nonces: 0, isSettled: false, isNamed: false, isFull: false },
		retired: createRetired(options, () => advance(stream)),
	};
	return {
		receive(request) {
			name(stream, request);
			const kind = resourceKinds.find((each) => typeUrls[each] === request.typeUrl);
			if (kind === undefined) return;
			take(stream, kind, request);
			advance(stream);
		},
		update(snapshot) {
			stream.target = snapshot;
			stream.isSettled = false;
			advance(stream);
		},
		drained() {
			stream.isFull = false;
			advance(stream);
		},
		close: stream.retired.close,
	};
}

/** Envoy sends its node with the first request of a stream (Envoy's xDS protocol). */
function name(stream: Stream, { nodeId = '' }: DiscoveryRequest): void {
	if (nodeId !== '') stream.emit({ kind: 'connected', node: nodeId });
	else if (!stream.isNamed)
		throw new Failure('config', 'its first request names no node', "Set node.id in Envoy's bootstrap");
	stream.isNamed = true;
}

function take(stream: Stream, kind: ResourceKind, request: DiscoveryRequest): void {
	const known = stream.subscriptions[kind];
	// An answer to a response that another one has followed.
	if (known !== undefined && request.responseNonce !== '' && request.responseNonce !== known.nonce) return;
	const names = kind === 'cds' || kind === 'lds' ? undefined : [...request.resourceNames].sort();
	const own = known ?? { names, nonce: '', sent: undefined, acked: undefined, isDue: true };
	stream.subscriptions[kind] = own;
	if (known === undefined) {
		recognise(stream, kind, own, request.versionInfo);
		return;
	}
	if (String(own.names) !== String(names)) Object.assign(own, { names, isDue: true });
	if (request.responseNonce === '') return;
	if (request.error === undefined) acknowledge(stream, kind, own);
	else reject(stream, kind, request.error);
}

/** A daemon that was restarted finds an Envoy that has all of it already. */
function recognise(stream: Stream, kind: ResourceKind, own: Subscription, version: string): void {
	const wanted = stream.target?.[kind];
	// Its routes may still need them.
	if (kind === 'cds' && version !== '') stream.clusters = stream.options.accepted?.cds.resources ?? stream.clusters;
	if (wanted === undefined || ![wanted.version, withMore(wanted)].includes(version)) return;
	Object.assign(own, { sent: wanted, acked: wanted, isDue: false });
	if (kind === 'cds') stream.clusters = wanted.resources;
	if (version === withMore(wanted)) stream.retired.afterDrain(() => sendAgain(stream, own));
}

/** The version of these clusters together with some that are gone, whichever they are. */
const withMore = ({ version }: EncodedKind): string => `${version}+`;

/** Without those of a former daemon's time, which it does not know. */
function sendAgain(stream: Stream, cds: Subscription): void {
	cds.isDue = true;
	advance(stream);
}

function acknowledge(stream: Stream, kind: ResourceKind, own: Subscription): void {
	own.acked = own.sent;
	if (kind === 'cds') stream.clusters = stream.offered;
}

/** Envoy may have taken the good part of it. Whoever listens sends what was accepted before. */
function reject({ emit, target }: Stream, of: ResourceKind, why: string): void {
	if (target !== undefined) emit({ kind: 'rejected', snapshot: target, of, why });
}

function advance(stream: Stream): void {
	const { target, subscriptions } = stream;
	const { cds, rds } = subscriptions;
	if (target === undefined || cds === undefined || stream.isFull) return;
	if (isDue(cds, target.cds)) sendClusters(stream, cds, new Map([...stream.clusters, ...target.cds.resources]));
	// An Envoy may ask for endpoints of a cluster of its own (`local_cluster` of AWS's bootstrap), and stop to do so.
	const hasEndpoints = target.eds.resources.size > 0;
	// Not after the acknowledgement of clusters, which waits for their endpoints.
	if (hasEndpoints) sendIfDue(stream, 'eds');
	if (!hasAcked(stream, 'cds') || (hasEndpoints && !hasAcked(stream, 'eds'))) return;
	sendIfDue(stream, 'lds');
	// Routes of a new listener, which waits for them.
	if (rds?.isDue) sendIfDue(stream, 'rds');
	if (!hasAcked(stream, 'lds')) return;
	sendIfDue(stream, 'rds');
	if (hasAcked(stream, 'rds')) finish(stream, cds, target);
}

/** Nothing new refers to clusters that are gone any more. */
function finish(stream: Stream, cds: Subscription, target: EncodedSnapshot): void {
	if (!stream.isSettled) stream.emit({ kind: 'accepted', snapshot: target });
	stream.isSettled = true;
	const kept = stream.retired.without(stream.clusters, target.cds.resources);
	if (kept.size !== stream.clusters.size) sendClusters(stream, cds, kept);
}

const hasAcked = ({ target, subscriptions }: Stream, kind: ResourceKind): boolean => {
	const own = subscriptions[kind];
	return own === undefined || own.acked === target?.[kind];
};

const isDue = (own: Subscription, wanted: EncodedKind): boolean => own.isDue || own.sent !== wanted;

function sendClusters(stream: Stream, own: Subscription, offered: EncodedKind['resources']): void {
	const { target } = stream;
	if (target === undefined) return;
	stream.offered = offered;
	const isExact = offered.size === target.cds.resources.size;
	respond(stream, 'cds', own, {
		sent: target.cds,
		shown: { version: isExact ? target.cds.version : withMore(target.cds), resources: offered },
	});
}

function sendIfDue(stream: Stream, kind: ResourceKind): void {
	const own = stream.subscriptions[kind];
	const wanted = stream.target?.[kind];
	if (own === undefined || wanted === undefined || !isDue(own, wanted)) return;
	if (own.names?.length === 0) Object.assign(own, { sent: wanted, acked: wanted, isDue: false });
	else respond(stream, kind, own, { sent: wanted, shown: wanted });
}

interface Response {
	/** What it is a step to. */
	readonly sent: EncodedKind;
	readonly shown: EncodedKind;
}

function respond(stream: Stream, kind: ResourceKind, own: Subscription, { sent, shown }: Response): void {
	stream.nonces += 1;
	Object.assign(own, { sent, acked: undefined, isDue: false, nonce: String(stream.nonces) });
	const chosen = own.names?.flatMap((name) => shown.resources.get(name) ?? []) ?? [...shown.resources.values()];
	const resources = chosen.map(({ bytes }) => bytes);
	const response = { typeUrl: typeUrls[kind], versionInfo: shown.version, nonce: own.nonce, resources };
	stream.isFull = !stream.send(stream.options.codec.encodeResponse(response));
}
