import { escapeControls, hasControlCharacters } from '../lib/escape.ts';

/** A key or a place in a list. */
export type Segment = string | number;

/** `spec.listeners[0].portMapping`; a key that has a dot, bracket or control character stands in quotes: `spec["a.b"]`. */
export const textOfPath = (segments: readonly Segment[]): string =>
	segments
		.map((segment, at) => {
			if (typeof segment === 'number') return `[${segment}]`;
			if (/[.[\]"]|^$/.test(segment) || hasControlCharacters(segment))
				return `[${escapeControls(JSON.stringify(segment))}]`;
			return at === 0 ? segment : `.${segment}`;
		})
		.join('');

export const segmentsOf = (path: string): Segment[] =>
	[...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([^.[\]]+)/g)].map(([, index, quoted, key]) => {
		if (index !== undefined) return Number(index);
		return quoted === undefined ? (key ?? '') : String(JSON.parse(quoted));
	});
