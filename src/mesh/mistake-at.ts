import { type Segment, textOfPath } from './path.ts';
import type { Mistake, Place } from './resource.ts';

/** Something that is wrong at a path of a resource. */
export const mistakeAt = (
	{ placeOf }: { readonly placeOf: (path: string) => Place },
	path: readonly Segment[],
	why: string,
	hint: string,
): Mistake => ({ ...placeOf(textOfPath(path)), why, hint });

/** The same, for checks of a part of a spec that know only where that part stands. */
export type Told = (path: readonly Segment[], why: string, hint: string) => Mistake;

export const tellerOf =
	(resource: { readonly placeOf: (path: string) => Place }, base: readonly Segment[] = []): Told =>
	(path, why, hint) =>
		mistakeAt(resource, [...base, ...path], why, hint);
