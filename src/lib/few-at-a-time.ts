/** The results in the order of the items, at most `limit` of them worked on at any time. */
export async function fewAtATime<T, R>(items: readonly T[], limit: number, act: (item: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	const queue = items.entries();
	const work = async () => {
		for (const [at, item] of queue) results[at] = await act(item);
	};
	await Promise.all(Array.from({ length: limit }, work));
	return results;
}
