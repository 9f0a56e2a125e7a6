/** Those of `all` that are named, in its order; throws for one that is not there. */
export function askedOf<T extends string>(named: readonly string[], all: readonly T[]): readonly T[] {
	const strange = named.find((name) => !all.some((each) => each === name));
	if (strange !== undefined) throw new Error(`There is nothing for ${strange}, only for ${all.join(', ')}`);
	return all.filter((each) => named.includes(each));
}
