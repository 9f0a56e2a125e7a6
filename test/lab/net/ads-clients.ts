// Many Envoys without Envoy: what they get they acknowledge.
import type { Namespace } from './namespace.ts';
import { startOrders } from './orders.ts';

/** Envoys of one node. PEM. */
export interface AdsGroup {
	readonly node: string;
	readonly count: number;
	readonly cert?: string;
	readonly key?: string;
	readonly ca: string;
	/** What they send beside what gRPC asks for. */
	readonly headers?: Readonly<Record<string, string>>;
	/** Of another method than that of ADS. */
	readonly path?: string;
	/** The names of routes that they ask for. */
	readonly routes: readonly string[];
}

type Asked =
	| { readonly kind: 'connect'; readonly target: string; readonly groups: readonly AdsGroup[] }
	| {
			readonly kind: 'report';
			readonly clusters: readonly string[];
			readonly requests: number;
			readonly overMs: number;
	  }
	| { readonly kind: 'expect' | 'await' | 'counts' };
export type AdsOrder = Asked & { readonly id: number };

export interface AdsClients extends Disposable {
	/** Resolves once all have all of it, with the time that it took; rejects with `STATUS: REASON` where one is refused. `target`: `https://HOST:PORT`. */
	readonly connect: (target: string, groups: readonly AdsGroup[]) => Promise<number>;
	/** New routes count from now on; the second call resolves with the time (milliseconds since 1970) at which all had acknowledged them. */
	readonly expectRoutes: () => Promise<() => Promise<number>>;
	/** All send a load report, one after the other in that time: so many requests in 10 s to each of these clusters. */
	readonly report: (clusters: readonly string[], requests: number, overMs: number) => Promise<void>;
	readonly counts: () => Promise<{ readonly connected: number; readonly responses: number; readonly ended: string }>;
}

export function createAdsClients(namespace: Pick<Namespace, 'spawn'>): AdsClients {
	const worker = startOrders<Asked>(namespace, 'ads-worker.ts', {});
	const { ask } = worker;
	return {
		connect: (target, groups) => ask({ kind: 'connect', target, groups }),
		async expectRoutes() {
			await ask({ kind: 'expect' });
			return () => ask({ kind: 'await' });
		},
		report: (clusters, requests, overMs) => ask({ kind: 'report', clusters, requests, overMs }),
		counts: () => ask({ kind: 'counts' }),
		[Symbol.dispose]: () => worker[Symbol.dispose](),
	};
}
