// The protocol between a peer and its worker: one JSON document per line.

/** Who answered a connection, or why nobody did. */
export type Answer =
	| {
			readonly kind: 'answered';
			readonly by: string;
			/** The client's own, by which a proxy's log names the connection. */
			readonly ownPort: number;
			readonly ms: number;
	  }
	| { readonly kind: 'refused'; readonly ms: number }
	| { readonly kind: 'timeout'; readonly ms: number }
	| { readonly kind: 'error'; readonly why: string; readonly ms: number };

export interface Target {
	readonly address: string;
	readonly port: number;
	/** Of each connection, from the first packet to the other side's close; 20 s unless given, which is long for one that is dropped. */
	readonly timeoutMs?: number;
	/** The own address to connect from. */
	readonly from?: string;
}

export interface LoadTarget extends Target {
	readonly clients?: number;
	/** Between two connections of a client; without it the load takes all of the processor. */
	readonly pauseMs?: number;
	/** The load ends by itself after this time. */
	readonly limitMs?: number;
}

export interface LoadCounts {
	readonly connections: number;
	/** Answered connections, by the name of who answered. */
	readonly by: Readonly<Record<string, number>>;
	/** All others, by why: `refused`, `timeout`, or the reason of the error. */
	readonly failures: Readonly<Record<string, number>>;
	readonly slowestMs: number;
	readonly ms: number;
	/** True when it ended at its limit before it was stopped: the counts are incomplete. */
	readonly limited: boolean;
}

export interface ListenRequest {
	readonly name: string;
	readonly ports: readonly number[];
	/** All addresses of both families, unless given. */
	readonly address?: string;
}

export interface Methods {
	listen: { request: ListenRequest; reply: null };
	/** Stops listening on these ports; connections that are open stay. */
	unlisten: { request: { readonly ports: readonly number[] }; reply: null };
	connect: { request: Target; reply: Answer };
	/** Replies with the load's number as soon as the first connection has ended. */
	load: { request: LoadTarget; reply: number };
	counts: { request: { readonly load: number }; reply: LoadCounts };
	halt: { request: { readonly load: number }; reply: LoadCounts };
}

export type Method = keyof Methods;

export type Request = {
	[M in Method]: { readonly id: number; readonly method: M; readonly request: Methods[M]['request'] };
}[Method];

export type Reply =
	| { readonly id: number; readonly ok: true; readonly value: unknown }
	| { readonly id: number; readonly ok: false; readonly why: string };
