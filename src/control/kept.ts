/** The last lines of something, and whoever wants to hear the next ones. Memory stays bounded. */
export interface Kept<T> {
	readonly add: (item: T) => void;
	/** The last `count` of those kept, oldest first. */
	readonly last: (count?: number) => readonly T[];
	/** Calls back for each new one until the returned function is called. */
	readonly listen: (onItem: (item: T) => void) => () => void;
}

export function createKept<T>(most: number): Kept<T> {
	const items: T[] = [];
	const listeners = new Set<(item: T) => void>();
	return {
		add(item) {
			items.push(item);
			if (items.length > most) items.shift();
			for (const listener of listeners) listener(item);
		},
		last: (count = most) => (count === 0 ? [] : items.slice(-count)),
		listen(onItem) {
			listeners.add(onItem);
			return () => void listeners.delete(onItem);
		},
	};
}
