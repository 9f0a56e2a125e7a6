import type { ParsedDocument } from '../json-document.ts';
import { type Segment, textOfPath } from '../path.ts';
import type { Imported, Mistake, Place, RawResource } from '../resource.ts';

/** One format in which definitions are kept. */
export interface Importer {
	/** For messages: `CLI JSON`. */
	readonly format: string;
	/** By content, never by name. */
	readonly recognises: (value: unknown) => boolean;
	readonly read: (document: ParsedDocument) => Imported;
}

export const nothingImported: Imported = { resources: [], errors: [], warnings: [] };

export const failed = (place: Place, why: string, hint = ''): Imported => ({
	...nothingImported,
	errors: [mistake(place, why, hint)],
});

export const mistake = (place: Place, why: string, hint = ''): Mistake => ({ ...place, why, hint });

export const imported = (...resources: readonly RawResource[]): Imported => ({ ...nothingImported, resources });

export const together = (parts: readonly Imported[]): Imported => ({
	resources: parts.flatMap(({ resources }) => resources),
	errors: parts.flatMap(({ errors }) => errors),
	warnings: parts.flatMap(({ warnings }) => warnings),
});

/** Places within a part of a document; their path is told from that part on. */
export const placesBelow =
	({ placeOf }: ParsedDocument, at: readonly Segment[]) =>
	(path: string): Place => {
		const start = textOfPath(at);
		const separator = start === '' || path === '' || path.startsWith('[') ? '' : '.';
		return { ...placeOf(`${start}${separator}${path}`), path };
	};
