// Definitions that nobody keeps; they pass the same contract test as a folder of them.

import { isSameKey, type ResourceKey } from '../../src/mesh/resource.ts';
import { createReceipts } from '../../src/store/receipts.ts';
import type { Along, Entry, Store } from '../../src/store/store.ts';

export interface MemoryStore extends Store {
	/** Called before each change: whoever else is faster. */
	before: () => void;
	/** Why nothing can be changed. */
	fixed: string | undefined;
}

export function createMemoryStore(): MemoryStore {
	let entries: readonly Entry[] = [];
	let count = 0;
	const listeners = new Set<() => void>();
	const find = (key: ResourceKey) => entries.find(({ resource }) => isSameKey(resource, key));
	const receipts = createReceipts();
	const change = (
		key: ResourceKey,
		ifRevision: string | undefined,
		{ seen = String(count), receipt }: Along = {},
		put?: Omit<Entry, 'revision' | 'fixed'>,
	) => {
		store.before();
		if (find(key)?.revision !== ifRevision || seen !== String(count)) return 'outdated' as const;
		if (store.fixed !== undefined && ifRevision !== undefined) return { fixed: store.fixed };
		count += 1;
		receipts.keep(receipt);
		const others = entries.filter(({ resource }) => !isSameKey(resource, key));
		const placeOf = (path: string) => ({ file: 'memory', line: 1, path });
		entries =
			put === undefined
				? others
				: [...others, { ...put, resource: { ...put.resource, placeOf }, revision: String(count), fixed: store.fixed }];
		for (const listener of listeners) listener();
		return 'done' as const;
	};
	const store: MemoryStore = {
		...{ before: () => undefined, fixed: undefined },
		list: async () => ({ entries, errors: [], revision: String(count) }),
		get: async (key) => find(key),
		put: async (stored, ifRevision, along) => change(stored.resource, ifRevision, along, stored),
		remove: async (key, ifRevision, along) => change(key, ifRevision, along),
		receiptOf: async (token) => receipts.find(token),
		watch(onChange, signal) {
			listeners.add(onChange);
			signal.addEventListener('abort', () => listeners.delete(onChange));
		},
	};
	return store;
}
