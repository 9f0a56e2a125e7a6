import type { ParsedDocument } from '../document.ts';
import { type Segment, segmentsOf, textOfPath } from '../path.ts';
import type { Imported, Mistake, Place, RawResource } from '../resource.ts';
import { object, placeWithin, type Traced, untrace } from '../traced.ts';

/** Values by name, for what definitions leave open (mesh.parameters). */
export type Parameters = ReadonlyMap<string, string>;

/** One format in which definitions are kept. */
export interface Importer {
	/** For messages: `CLI JSON`. */
	readonly format: string;
	/** By content, never by name. */
	readonly recognises: (value: unknown) => boolean;
	/** All documents of this format at once: they may refer to each other. */
	readonly read: (documents: readonly ParsedDocument[], parameters: Parameters) => Imported;
	/** False where `${NAME}` has a meaning of the format's own. */
	readonly hasTemplates: boolean;
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

export const placeIn = ({ placeOf }: ParsedDocument, at: readonly Segment[]): Place => placeOf(textOfPath(at));

/** The parts of a resource by the API's own names: `spec`, `meshName`, `virtualNodeName`. */
export type Parts = readonly (readonly [name: string, part: Traced | undefined])[];

/** A resource put together from parts of a document; its places have the document's path, which names parts differently. */
export function fromParts(
	document: ParsedDocument,
	resource: Pick<RawResource, 'kind' | 'mesh' | 'name' | 'parent'>,
	parts: Parts,
	at: readonly Segment[],
): RawResource {
	const whole = object(
		parts.flatMap(([name, part]) => (part === undefined ? [] : [[name, part] as const])),
		at,
	);
	const spec = whole.fields.get('spec');
	return {
		...resource,
		spec: spec === undefined ? {} : untrace(spec),
		placeOf: (path) => placeIn(document, placeWithin(whole, segmentsOf(path))),
	};
}
