/** Runs functions one at a time, in the order of the calls. An error rejects its own call only. */
export type Mutex = <T>(act: () => Promise<T>) => Promise<T>;

export function createMutex(): Mutex {
	let last: Promise<unknown> = Promise.resolve();
	return (act) => {
		const mine = last.then(act, act);
		last = mine.catch(() => undefined);
		return mine;
	};
}
