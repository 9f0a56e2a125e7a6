// Servers and clients of other protocols than plain HTTP/1.1, in a namespace: HTTP/2, gRPC, websockets, TCP that stays open.
import type { Identity, Namespace } from './namespace.ts';
import { startOrders } from './orders.ts';

export interface WireServer {
	readonly name: string;
	readonly address: string;
	readonly port: number;
}

export interface Http2Target {
	readonly address: string;
	readonly port: number;
	readonly host: string;
	readonly path: string;
	/** With them it is a call of gRPC. */
	readonly messages?: readonly string[];
	readonly headers?: Readonly<Record<string, string>>;
}

export interface Http2Answer {
	/** 0: none; the body says why. */
	readonly status: number;
	readonly body: string;
	/** Of gRPC: what came back, and the status that it ended with. */
	readonly messages: readonly string[];
	readonly grpcStatus: string;
}

export interface SocketTarget {
	readonly address: string;
	readonly port: number;
	/** The header of a websocket; without it the connection is raw. */
	readonly host?: string;
	readonly say: readonly string[];
}

type Asked =
	| ({ readonly kind: 'http2' } & WireServer)
	| ({ readonly kind: 'websocket' } & WireServer)
	| ({ readonly kind: 'open' } & WireServer)
	| { readonly kind: 'call'; readonly target: Http2Target }
	| { readonly kind: 'converse'; readonly target: SocketTarget };
export type WireOrder = Asked & { readonly id: number };

export interface WirePeer extends Disposable {
	/** HTTP/2 without TLS. Answers requests with its name and protocol, and each message of gRPC with `NAME: MESSAGE`. */
	readonly serveHttp2: (server: WireServer) => Promise<void>;
	/** HTTP/1.1 that becomes a websocket, or what stands for one: says its name and then what it hears. */
	readonly serveWebsocket: (server: WireServer) => Promise<void>;
	/** TCP: says its name and then what it hears. */
	readonly serveOpen: (server: WireServer) => Promise<void>;
	readonly call: (target: Http2Target) => Promise<Http2Answer>;
	/** Says one thing after the other, each after an answer: what was heard. The connection stays open. */
	readonly converse: (target: SocketTarget) => Promise<readonly string[]>;
}

export function createWirePeer(namespace: Pick<Namespace, 'spawn'>, identity: Identity = {}): WirePeer {
	const worker = startOrders<Asked>(namespace, 'wire-worker.ts', identity);
	return {
		serveHttp2: (server) => worker.ask({ kind: 'http2', ...server }),
		serveWebsocket: (server) => worker.ask({ kind: 'websocket', ...server }),
		serveOpen: (server) => worker.ask({ kind: 'open', ...server }),
		call: (target) => worker.ask({ kind: 'call', target }),
		converse: (target) => worker.ask({ kind: 'converse', target }),
		[Symbol.dispose]: () => worker[Symbol.dispose](),
	};
}
