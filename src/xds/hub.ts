import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { type AdsEvent, type AdsStream, createAdsStream, type Send, type StreamOptions } from './ads-stream.ts';
import type { EncodedSnapshot } from './encoded.ts';
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
	readonly isReverted: boolean;
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

/** An Envoy that connects. `receive` throws a Failure where it is to be refused. */
export interface HubStream extends Omit<AdsStream, 'update'> {
	/** It has all that it is to have. */
	readonly isSettled: () => boolean;
}

/** All Envoys of one virtual node or gateway, which get the same. */
export interface Hub {
	readonly open: (send: Send) => HubStream;
	readonly update: (snapshot: EncodedSnapshot) => void;
	readonly state: () => HubState;
}

interface Connected {
	readonly stream: AdsStream;
	/** It has said that it is an Envoy of this node. */
	isKnown: boolean;
	isSettled: boolean;
}

/** `accepted`: what Envoys of a former daemon have. */
export interface HubOptions extends StreamOptions {
	/** Whether an Envoy of this name is one of this node. */
	readonly isOurs?: (node: string) => boolean;
}

interface Own {
	readonly options: HubOptions;
	readonly connected: Set<Connected>;
	readonly emit: (event: HubEvent) => void;
	/** What Envoys are sent. */
	served: EncodedSnapshot | undefined;
	accepted: EncodedSnapshot | undefined;
	rejection: Rejection | undefined;
	rejectedBy: Connected | undefined;
}

export function createHub(options: HubOptions, emit: (event: HubEvent) => void): Hub {
	const { accepted } = options;
	const own: Own = {
		...{ options, emit, connected: new Set(), served: accepted, accepted },
		...{ rejection: undefined, rejectedBy: undefined },
	};
	return {
		open(send) {
			const ofStream = { ...options, accepted: own.accepted };
			const stream = createAdsStream(ofStream, send, (event) => take(own, one, event));
			const one: Connected = { stream, isKnown: false, isSettled: false };
			own.connected.add(one);
			if (own.served !== undefined) stream.update(own.served);
			return {
				...{ receive: stream.receive, drained: stream.drained, isSettled: () => one.isSettled },
				close: () => leave(own, one),
			};
		},
		update(snapshot) {
			own.rejection = undefined;
			serve(own, snapshot);
		},
		state: () => ({
			connected: [...own.connected].filter(({ isKnown }) => isKnown).length,
			settled: [...own.connected].filter(({ isSettled }) => isSettled).length,
			...{ rejection: own.rejection, accepted: own.accepted },
		}),
	};
}

/** What only this one rejected says nothing of those that stay, nor of the next. */
function leave(own: Own, one: Connected): void {
	one.stream.close();
	own.connected.delete(one);
	if (own.rejectedBy === one && own.rejection?.isReverted === false) own.rejection = undefined;
}

/** Throws where it is an Envoy of another node: it is sent nothing. */
function greet(own: Own, one: Connected, event: Extract<AdsEvent, { readonly kind: 'connected' }>): void {
	const { isOurs = () => true } = own.options;
	if (!isOurs(event.node))
		throw new Failure('config', `it is ${quote(event.node)}, another node`, "Set node.id in Envoy's bootstrap");
	if (!one.isKnown) own.emit(event);
	one.isKnown = true;
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
	if (event.kind === 'rejected') reject(own, one, event);
	else if (event.kind === 'connected') greet(own, one, event);
	else if (event.snapshot === own.served) {
		one.isSettled = true;
		own.accepted = event.snapshot;
		own.emit(event);
	}
}

/** Envoy keeps the good part of what it rejects: only what it has accepted before makes it whole again. */
function reject(own: Own, one: Connected, event: Extract<AdsEvent, { readonly kind: 'rejected' }>): void {
	const { snapshot, of, why } = event;
	const { accepted } = own;
	const isReverted = accepted !== undefined && accepted !== snapshot;
	if (own.rejection?.snapshot !== snapshot) {
		own.rejection = { kind: 'rejected', snapshot, of, why, isReverted };
		own.rejectedBy = one;
		own.emit(own.rejection);
	}
	if (isReverted) serve(own, accepted);
}
