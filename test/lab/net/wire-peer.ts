// Servers and clients of other protocols than plain HTTP/1.1, in a namespace: HTTP/2, gRPC, websockets, TCP that stays open.
import type { Pems } from './http-peer.ts';
import type { Identity, Namespace } from './namespace.ts';
import { startOrders } from './orders.ts';

export interface WireServer {
	readonly name: string;
	readonly address: string;
	readonly port: number;
	readonly tls?: Pems;
}

export interface Http2Server extends WireServer {
	readonly delayMs?: number;
	/** What the first calls of gRPC end with, instead of an answer. */
	readonly grpcStatuses?: readonly number[];
}

export interface Http2Target {
	readonly address: string;
	readonly port: number;
	readonly host: string;
	readonly path: string;
	/** The server's certificate is not checked. */
	readonly tls?: Pems;
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
	readonly path?: string;
	/** Of a raw connection. */
	readonly tls?: Pems;
	readonly say: readonly string[];
}

export interface IdleTarget {
	readonly address: string;
	readonly port: number;
	readonly say: string;
	readonly withinMs: number;
}

type Asked =
	| ({ readonly kind: 'http2' } & Http2Server)
	| { readonly kind: 'health'; readonly name: string; readonly isWell: boolean }
	| { readonly kind: 'seen'; readonly name: string }
	| { readonly kind: 'idle'; readonly target: IdleTarget }
	| ({ readonly kind: 'websocket' } & WireServer)
	| ({ readonly kind: 'open' } & WireServer)
	| { readonly kind: 'call'; readonly target: Http2Target }
	| { readonly kind: 'converse'; readonly target: SocketTarget };
export type WireOrder = Asked & { readonly id: number };

export interface WirePeer extends Disposable {
	/** HTTP/2. Answers requests with its name and protocol, and each message of gRPC with `NAME: MESSAGE`. */
	readonly serveHttp2: (server: Http2Server) => Promise<void>;
	/** What servers of HTTP/2 with this name say of themselves: of gRPC's health service, and by the status of `/health`. */
	readonly setHealth: (name: string, isWell: boolean) => Promise<void>;
	/** How many requests and calls the servers of HTTP/2 with this name have got; not of their health. */
	readonly seen: (name: string) => Promise<number>;
	/** HTTP/1.1 that becomes a websocket, or what stands for one: says its name and then what it hears. */
	readonly serveWebsocket: (server: WireServer) => Promise<void>;
	/** TCP: says its name and then what it hears. */
	readonly serveOpen: (server: WireServer) => Promise<void>;
	readonly call: (target: Http2Target) => Promise<Http2Answer>;
	/** Says one thing after the other, each after an answer: what was heard. The connection stays open. */
	readonly converse: (target: SocketTarget) => Promise<readonly string[]>;
	/** Says something, and no more: whether the other side has ended the connection by then. */
	readonly isEnded: (target: IdleTarget) => Promise<boolean>;
}

export function createWirePeer(namespace: Pick<Namespace, 'spawn'>, identity: Identity = {}): WirePeer {
	const worker = startOrders<Asked>(namespace, 'wire-worker.ts', identity);
	return {
		serveHttp2: (server) => worker.ask({ kind: 'http2', ...server }),
		serveWebsocket: (server) => worker.ask({ kind: 'websocket', ...server }),
		serveOpen: (server) => worker.ask({ kind: 'open', ...server }),
		setHealth: (name, isWell) => worker.ask({ kind: 'health', name, isWell }),
		seen: (name) => worker.ask({ kind: 'seen', name }),
		isEnded: (target) => worker.ask({ kind: 'idle', target }),
		call: (target) => worker.ask({ kind: 'call', target }),
		converse: (target) => worker.ask({ kind: 'converse', target }),
		[Symbol.dispose]: () => worker[Symbol.dispose](),
	};
}
