// Definitions that nobody keeps; they pass the same contract test as a folder of them.
import { type Entry, isSameKey, type Key, type Store } from '../../src/store/store.ts';

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
	const find = (key: Key) => entries.find(({ resource }) => isSameKey(resource, key));
	const change = (key: Key, ifRevision: string | undefined, put?: Omit<Entry, 'revision' | 'fixed'>) => {
		store.before();
		if (find(key)?.revision !== ifRevision) return 'outdated' as const;
		if (store.fixed !== undefined && ifRevision !== undefined) return { fixed: store.fixed };
		count += 1;
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
		list: async () => ({ entries, errors: [] }),
		get: async (key) => find(key),
		put: async (stored, ifRevision) => change(stored.resource, ifRevision, stored),
		remove: async (key, ifRevision) => change(key, ifRevision),
		watch(onChange, signal) {
			listeners.add(onChange);
			signal.addEventListener('abort', () => listeners.delete(onChange));
		},
	};
	return store;
}
