// HTTP servers and clients in a namespace, as one of its users.
import type { Identity, Namespace } from './namespace.ts';
import { startOrders } from './orders.ts';

/** PEM, of either side. */
export interface Pems {
	readonly cert?: string;
	readonly key?: string;
	/** Whom to trust: of a server, that it asks its clients for a certificate. */
	readonly ca?: string;
}

export interface HttpTarget {
	readonly address: string;
	readonly port: number;
	/** The header, by which a mesh tells its services apart. */
	readonly host: string;
	readonly path?: string;
	readonly method?: string;
	readonly headers?: Readonly<Record<string, string>>;
	readonly timeoutMs?: number;
	/** Without `ca` the server's certificate is not checked. */
	readonly tls?: Pems & { readonly servername: string };
}

export interface HttpAnswer {
	/** 0: no answer; the body says why. */
	readonly status: number;
	readonly body: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly ms: number;
}

export interface Served {
	readonly name: string;
	readonly address: string;
	readonly port: number;
	readonly status?: number;
	/** Of the first requests, before `status`; 0: the connection ends without an answer. */
	readonly statuses?: readonly number[];
	readonly delayMs?: number;
	readonly tls?: Pems;
}

type Asked =
	| ({ readonly kind: 'serve' } & Served)
	| { readonly kind: 'stop'; readonly address: string; readonly port: number }
	| { readonly kind: 'get'; readonly target: HttpTarget }
	| { readonly kind: 'many'; readonly target: HttpTarget; readonly times: number; readonly workers: number }
	| { readonly kind: 'seen'; readonly name: string }
	| { readonly kind: 'load'; readonly target: HttpTarget; readonly workers: number; readonly pauseMs: number }
	| { readonly kind: 'counts' | 'heard' | 'forget' | 'halt'; readonly load: number };
export type HttpOrder = Asked & { readonly id: number };

/** Answers by whom; what was not answered with 200 by status and text. */
export type HttpCounts = Readonly<Record<string, number>>;

/** In milliseconds since 1970. */
export interface Heard {
	readonly firstMs: number;
	/** The first of its last answers between which there was nobody else's. */
	readonly sinceMs: number;
}

export interface HttpLoad {
	readonly counts: () => Promise<HttpCounts>;
	/** When each has answered, since `forget`. */
	readonly heard: () => Promise<Readonly<Record<string, Heard>>>;
	readonly forget: () => Promise<void>;
	readonly stop: () => Promise<HttpCounts>;
}

export interface HttpPeer extends Disposable {
	/** Answers everything with its name, and as headers what it was asked: `x-path`, `x-host`, `x-from`, with TLS `x-servername`, and the names in `x-headers`. */
	readonly serve: (served: Served) => Promise<void>;
	readonly stop: (of: Pick<Served, 'address' | 'port'>) => Promise<void>;
	readonly get: (target: HttpTarget) => Promise<HttpAnswer>;
	/** So many requests, by several workers at a time. */
	readonly getMany: (
		target: HttpTarget,
		how: { readonly times: number; readonly workers: number },
	) => Promise<HttpCounts>;
	/** How many requests the servers of this name have got. */
	readonly seen: (name: string) => Promise<number>;
	/** Requests over connections that are kept; without a pause, unless each worker makes one after each request. */
	readonly startLoad: (target: HttpTarget, workers: number, pauseMs?: number) => Promise<HttpLoad>;
}

export function createHttpPeer(namespace: Pick<Namespace, 'spawn'>, identity: Identity = {}): HttpPeer {
	const worker = startOrders<Asked>(namespace, 'http-worker.ts', identity);
	const { ask } = worker;
	return {
		serve: (served) => ask({ kind: 'serve', ...served }),
		stop: (of) => ask({ kind: 'stop', ...of }),
		get: (target) => ask({ kind: 'get', target }),
		getMany: (target, { times, workers }) => ask({ kind: 'many', target, times, workers }),
		seen: (name) => ask({ kind: 'seen', name }),
		async startLoad(target, workers, pauseMs = 0) {
			const started = ask({ kind: 'load', target, workers, pauseMs });
			const load = worker.last();
			await started;
			return {
				counts: () => ask({ kind: 'counts', load }),
				heard: () => ask({ kind: 'heard', load }),
				forget: () => ask({ kind: 'forget', load }),
				stop: () => ask({ kind: 'halt', load }),
			};
		},
		[Symbol.dispose]: () => worker[Symbol.dispose](),
	};
}
