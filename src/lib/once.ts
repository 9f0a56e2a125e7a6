/** Reads when it is first asked, and at most once. */
export function once<T>(read: () => Promise<T>): () => Promise<T> {
	let reading: Promise<T> | undefined;
	return () => {
		reading ??= read();
		return reading;
	};
}
