// PURE but for `interleave`. Numbers taken one after the other, and what is said about them.

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Between two neighbours where the share falls between them. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	const at = (sorted.length - 1) * share;
	const [below = Number.NaN, above = below] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
	return below + (above - below) * (at - Math.floor(at));
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** How often, and for how long at most: on a slow machine the bench has fewer samples rather than no end. */
export interface Patience {
	readonly runs: number;
	readonly seconds: number;
}

/** A median of fewer says nothing. */
const FEWEST = 3;

/**
 * Each once per round, A B A B, so that whatever else the machine does meets all of them alike. A round before the first
 * fills the caches and is not counted; whoever wants one round only wants to see that it works.
 */
export async function interleave<K extends string>(
	{ runs, seconds }: Patience,
	takes: Readonly<Record<K, () => Promise<number>>>,
): Promise<Readonly<Record<K, readonly number[]>>> {
	const names = Object.keys(takes) as K[];
	const taken = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
	const isLate = lateAfter(seconds);
	for (let round = runs > 1 ? 0 : 1; round <= runs && !(round > FEWEST && isLate()); round += 1)
		for (const name of names) {
			const value = await takes[name]();
			if (round > 0) taken[name].push(value);
		}
	return taken;
}

export function lateAfter(seconds: number): () => boolean {
	const end = performance.now() + seconds * 1_000;
	return () => performance.now() > end;
}
