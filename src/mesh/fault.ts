import type { Mistake, ResourceKey } from './resource.ts';

/** What is wrong with one resource, which may not be there for it. */
export interface Fault {
	/** Undefined: nobody knows what has been there, so that it may be any. */
	readonly of: ResourceKey | undefined;
	/** It is about how it calls others, so that whoever calls it is not held up. */
	readonly isInner?: boolean;
	readonly mistakes: readonly Mistake[];
}

/** None where nothing is wrong. */
export const faultOf = (of: ResourceKey | undefined, mistakes: readonly Mistake[]): Fault[] =>
	mistakes.length === 0 ? [] : [{ of, mistakes }];

export const mistakesOf = (faults: readonly Fault[]): Mistake[] => faults.flatMap(({ mistakes }) => mistakes);
