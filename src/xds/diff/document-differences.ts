import { textOfPath } from '../../mesh/path.ts';
import type { Json } from '../snapshot.ts';
import { changeOf, valuesText } from './difference.ts';
import { valueDifferences } from './value-differences.ts';

interface DocumentDifference {
	/** `spec.listeners[0].portMapping.port` */
	readonly path: string;
	/** `~ PATH 80 → 81` */
	readonly line: string;
}

const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

/** Of two documents of any kind. Null is what is not set. */
export const documentDifferences = (before: unknown, after: unknown): DocumentDifference[] =>
	valueDifferences(plain(before), plain(after)).map(({ path: segments, before: was, after: is }) => {
		const path = textOfPath(segments.map((segment) => (/^\d+$/.test(segment) ? Number(segment) : segment)));
		return { path, line: `${SIGNS[changeOf(was, is)]} ${path} ${valuesText(was, is)}` };
	});

const plain = (document: unknown): Json => JSON.parse(JSON.stringify(document), (_key, value) => value ?? undefined);
