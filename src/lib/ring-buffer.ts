/** A bounded buffer of the newest items, with subscribers for new ones. */
export interface RingBuffer<T> {
	readonly add: (item: T) => void;
	/** The newest `count` items, oldest first, without those added before `sinceMs`. */
	readonly last: (count?: number, sinceMs?: number) => readonly T[];
	/** Calls back for each new item until the returned function is called. */
	readonly listen: (onItem: (item: T) => void) => () => void;
}

export function createRingBuffer<T>(most: number, now: () => number = Date.now): RingBuffer<T> {
	const items: { readonly item: T; readonly atMs: number }[] = [];
	const listeners = new Set<(item: T) => void>();
	return {
		add(item) {
			items.push({ item, atMs: now() });
			if (items.length > most) items.shift();
			for (const listener of listeners) listener(item);
		},
		last(count = most, sinceMs = 0) {
			const recent = items.filter(({ atMs }) => atMs >= sinceMs).map(({ item }) => item);
			return count === 0 ? [] : recent.slice(-count);
		},
		listen(onItem) {
			listeners.add(onItem);
			return () => void listeners.delete(onItem);
		},
	};
}
