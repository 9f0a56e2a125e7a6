/** Runs one at a time, in the order asked; a failure of one is no business of the next. */
export type Mutex = <T>(act: () => Promise<T>) => Promise<T>;

export function createMutex(): Mutex {
	let last: Promise<unknown> = Promise.resolve();
	return (act) => {
		const mine = last.then(act, act);
		last = mine.catch(() => undefined);
		return mine;
	};
}
