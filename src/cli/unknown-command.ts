import { quote } from '../lib/escape.ts';

/** The most typos for a suggestion, in edits. */
const NEAR = 2;

/** `unknown command "enabel"; did you mean enable?`. The library is loaded only where somebody has mistyped. */
export async function unknownCommand(name: string, known: readonly string[]): Promise<string> {
	const { closest, distance } = await import('fastest-levenshtein');
	const nearest = closest(name, known);
	return `unknown command ${quote(name)}${distance(name, nearest) <= NEAR ? `; did you mean ${nearest}?` : ''}`;
}
