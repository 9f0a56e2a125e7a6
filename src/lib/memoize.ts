/** A pure function that remembers each result for as long as its argument lives. */
export function memoize<K extends object, V>(compute: (of: K) => V): (of: K) => V {
	const known = new WeakMap<K, { readonly value: V }>();
	return (of) => {
		const found = known.get(of) ?? { value: compute(of) };
		known.set(of, found);
		return found.value;
	};
}
