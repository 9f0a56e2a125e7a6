import type { Json } from '../snapshot.ts';

/** One thing that is another in Envoy's configuration. */
export interface Difference {
	readonly change: 'added' | 'removed' | 'changed';
	readonly kind: 'cluster' | 'listener' | 'routes';
	/** Envoy's name of the resource. */
	readonly resource: string;
	/** Within it; empty for all of it. */
	readonly path: readonly string[];
	readonly before?: Json;
	readonly after?: Json;
	/** In the mesh's words, where it has some. */
	readonly text: string;
}

export const changeOf = (before: unknown, after: unknown): Difference['change'] => {
	if (before === undefined) return 'added';
	return after === undefined ? 'removed' : 'changed';
};

/** `before → after`; what is long is cut. */
export function valuesText(before: Json | undefined, after: Json | undefined): string {
	if (before === undefined) return shortText(after);
	return after === undefined ? shortText(before) : `${shortText(before)} → ${shortText(after)}`;
}

const LONGEST = 60;

function shortText(value: Json | undefined): string {
	const text = typeof value === 'string' ? value : JSON.stringify(value ?? '');
	return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
