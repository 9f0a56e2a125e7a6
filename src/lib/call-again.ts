/** The first answer, and how often it had been asked by then. */
export interface Called<T> {
	readonly value: T;
	readonly calls: number;
}

/** Calls it again after each of these pauses for as long as no call has settled; the first that does decides. */
export function callAgain<T>(act: () => Promise<T>, pausesMs: readonly number[]): Promise<Called<T>> {
	const { promise, resolve, reject } = Promise.withResolvers<Called<T>>();
	let [calls, timer] = [0, undefined as NodeJS.Timeout | undefined];
	const call = (): void => {
		const pauseMs = pausesMs[calls];
		calls += 1;
		timer = pauseMs === undefined ? undefined : setTimeout(call, pauseMs);
		act().then((value) => resolve({ value, calls }), reject);
	};
	call();
	return promise.finally(() => clearTimeout(timer));
}
