// A DNS server in a namespace whose answers change.
import type { Namespace } from './namespace.ts';
import { startOrders } from './orders.ts';

export interface DnsRecord {
	/** Of both families; without any the name has none. */
	readonly addresses: readonly string[];
	readonly ttlSeconds: number;
}

type Asked =
	| { readonly kind: 'listen'; readonly address: string }
	| ({ readonly kind: 'know'; readonly name: string } & DnsRecord)
	| { readonly kind: 'silence'; readonly name: string };
export type DnsOrder = Asked & { readonly id: number };

export interface DnsPeer extends Disposable {
	/** On port 53. It takes the questions and answers none until it knows a name. */
	readonly listen: (address: string) => Promise<void>;
	/** From now on the name has these addresses; all others do not exist. */
	readonly know: (name: string, record: DnsRecord) => Promise<void>;
	/** From now on nobody is answered who asks for the name. */
	readonly silence: (name: string) => Promise<void>;
}

export function createDnsPeer(namespace: Pick<Namespace, 'spawn'>): DnsPeer {
	const worker = startOrders<Asked>(namespace, 'dns-worker.ts', {});
	return {
		listen: (address) => worker.ask({ kind: 'listen', address }),
		know: (name, record) => worker.ask({ kind: 'know', name, ...record }),
		silence: (name) => worker.ask({ kind: 'silence', name }),
		[Symbol.dispose]: () => worker[Symbol.dispose](),
	};
}
