import { closest } from 'fastest-levenshtein';

/** Over twice what App Mesh allowed of a kind. Each mistake would take as long as there are names. */
const MOST_NAMES = 500;
/** Comparing takes as long as one name times the other. */
const LONGEST_NAME = 1_000;

/** What a name that is unknown may have meant; undefined: nothing is known, or it would take too long. */
export const nearest = (name: string, known: readonly string[]): string | undefined =>
	known.length === 0 || known.length > MOST_NAMES || [name, ...known].some(({ length }) => length > LONGEST_NAME)
		? undefined
		: closest(name, known);

/** For a field that a shape does not have. */
export function fieldHint(name: string, known: readonly string[]): string {
	if (known.length === 0) return '';
	const near = nearest(name, known);
	return `${near === undefined ? '' : `did you mean ${near}? `}known: ${known.join(', ')}`;
}
