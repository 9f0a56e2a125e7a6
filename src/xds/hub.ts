import { type AdsEvent, type AdsStream, createAdsStream } from './ads-stream.ts';
import type { Codec, EncodedSnapshot } from './encoded.ts';
import type { ResourceKind } from './snapshot.ts';

/** What Envoys say; `node`: the name that one gives itself. */
export type HubEvent =
	| { readonly kind: 'connected'; readonly node: string }
	| { readonly kind: 'accepted'; readonly snapshot: EncodedSnapshot }
	| Rejection;

export interface Rejection {
	readonly kind: 'rejected';
	readonly snapshot: EncodedSnapshot;
	readonly of: ResourceKind;
	/** Envoy's own words. */
	readonly why: string;
	/** What was accepted before is sent instead; false: nothing ever was. */
	readonly isTakenBack: boolean;
}

export interface HubState {
	/** How many Envoys are connected, and how many of these have all that they are to have. */
	readonly connected: number;
	readonly settled: number;
	/** Why what is wanted was rejected; undefined while it was not. */
	readonly rejection: Rejection | undefined;
	/** The snapshot that was accepted last, also by an Envoy of a former daemon. */
	readonly accepted: EncodedSnapshot | undefined;
}

/** All Envoys of one virtual node or gateway, which get the same. */
export interface Hub {
	readonly open: (send: (bytes: Uint8Array) => void) => {
		readonly receive: (bytes: Uint8Array) => void;
		readonly close: () => void;
	};
	readonly update: (snapshot: EncodedSnapshot) => void;
	readonly state: () => HubState;
}

interface Connected {
	readonly stream: AdsStream;
	isSettled: boolean;
}

interface Own {
	readonly connected: Set<Connected>;
	readonly emit: (event: HubEvent) => void;
	/** What Envoys are sent. */
	served: EncodedSnapshot | undefined;
	accepted: EncodedSnapshot | undefined;
	rejection: Rejection | undefined;
}

/** `accepted`: what Envoys of a former daemon have. */
export function createHub(codec: Codec, emit: (event: HubEvent) => void, accepted?: EncodedSnapshot): Hub {
	const own: Own = { connected: new Set(), emit, served: accepted, accepted, rejection: undefined };
	return {
		open(send) {
			const stream = createAdsStream(codec, send, (event) => take(own, one, event));
			const one: Connected = { stream, isSettled: false };
			own.connected.add(one);
			if (own.served !== undefined) stream.update(own.served);
			return { receive: stream.receive, close: () => void own.connected.delete(one) };
		},
		update(snapshot) {
			own.rejection = undefined;
			serve(own, snapshot);
		},
		state: () => ({
			connected: own.connected.size,
			settled: [...own.connected].filter(({ isSettled }) => isSettled).length,
			...{ rejection: own.rejection, accepted: own.accepted },
		}),
	};
}

function serve(own: Own, snapshot: EncodedSnapshot): void {
	if (own.served === snapshot) return;
	own.served = snapshot;
	for (const one of own.connected) {
		one.isSettled = false;
		one.stream.update(snapshot);
	}
}

function take(own: Own, one: Connected, event: AdsEvent): void {
	if (event.kind === 'rejected') reject(own, event);
	else if (event.kind === 'connected') own.emit(event);
	else if (event.snapshot === own.served) {
		one.isSettled = true;
		own.accepted = event.snapshot;
		own.emit(event);
	}
}

/** Envoy keeps the good part of what it rejects: only what it has accepted before makes it whole again. */
function reject(own: Own, { snapshot, of, why }: Extract<AdsEvent, { readonly kind: 'rejected' }>): void {
	const { accepted } = own;
	const isTakenBack = accepted !== undefined && accepted !== snapshot;
	if (own.rejection?.snapshot !== snapshot) {
		own.rejection = { kind: 'rejected', snapshot, of, why, isTakenBack };
		own.emit(own.rejection);
	}
	if (isTakenBack) serve(own, accepted);
}
