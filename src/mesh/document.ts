import type { Mistake, Place } from './resource.ts';

/** One value of a file, whatever its syntax, and where its parts stand. */
export interface ParsedDocument {
	/** Plain data; objects have no prototype, so that `__proto__` is a key like any other. */
	readonly value: unknown;
	readonly file: string;
	/** Of a path that is not there: the nearest part around it. */
	readonly placeOf: (path: string) => Place;
}

export interface ParsedFile {
	readonly documents: readonly ParsedDocument[];
	/** With an error in a document, that document is left out. */
	readonly errors: readonly Mistake[];
}

/** The line, from 1, of an offset. */
export function lineCounter(text: string): (offset: number) => number {
	const starts = [0];
	for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
	return (offset) => {
		let [low, high] = [0, starts.length];
		while (high - low > 1) {
			const middle = (low + high) >> 1;
			if ((starts[middle] ?? 0) <= offset) low = middle;
			else high = middle;
		}
		return low + 1;
	};
}

/** Of levels of values. Definitions need about twenty; beyond some thousand the stack ends. */
export const DEEPEST = 200;

export const tooDeep: [why: string, hint: string] = [
	`its values are nested more than ${DEEPEST} levels deep`,
	'this is no definition of App Mesh',
];

/** Before it is parsed: parsers recurse, and take a minute until they have filled the stack. */
export const firstTooDeep = (text: string): number | undefined => firstManyDashes(text) ?? firstTooDeepJson(text);

/** In YAML, where each dash opens a list. Every character is looked at once, since the text may be anybody's. */
function firstManyDashes(text: string): number | undefined {
	let [count, from, end] = [0, 0, 0];
	for (const { 0: dash, index } of text.matchAll(/[-?] +/g)) {
		if (index !== end) [count, from] = [0, index];
		count += 1;
		if (count === 1000) return from;
		end = index + dash.length;
	}
	return undefined;
}

export function firstTooDeepJson(text: string): number | undefined {
	let depth = 0;
	for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]+|\\.)*"?|[{}[\]]/g)) {
		if (token === '{' || token === '[') depth += 1;
		if (token === '}' || token === ']') depth = Math.max(0, depth - 1);
		if (depth > DEEPEST) return index;
	}
	return undefined;
}
