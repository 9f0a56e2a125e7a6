import type { Segment } from './path.ts';

/**
 * A value that remembers where in its document it was read. An importer builds a resource from pieces of a document that
 * stand elsewhere and are called otherwise there; mistakes in the resource are told with the place of the piece.
 */
export type Traced = TracedScalar | TracedList | TracedObject;

export interface TracedScalar {
	readonly kind: 'scalar';
	readonly value: string | number | boolean | null;
	readonly at: readonly Segment[];
}

export interface TracedList {
	readonly kind: 'list';
	readonly items: readonly Traced[];
	readonly at: readonly Segment[];
}

export interface TracedObject {
	readonly kind: 'object';
	readonly fields: ReadonlyMap<string, Traced>;
	readonly at: readonly Segment[];
}

export function trace(value: unknown, at: readonly Segment[] = []): Traced {
	if (Array.isArray(value)) return { kind: 'list', items: value.map((item, index) => trace(item, [...at, index])), at };
	if (typeof value !== 'object' || value === null)
		return { kind: 'scalar', value: (value ?? null) as TracedScalar['value'], at };
	return {
		kind: 'object',
		fields: new Map(Object.entries(value).map(([key, inner]) => [key, trace(inner, [...at, key])])),
		at,
	};
}

export const scalar = (value: TracedScalar['value'], at: readonly Segment[]): TracedScalar => ({
	kind: 'scalar',
	value,
	at,
});

export const object = (fields: Iterable<readonly [string, Traced]>, at: readonly Segment[]): TracedObject => ({
	kind: 'object',
	fields: new Map(fields),
	at,
});

export function untrace(traced: Traced): unknown {
	if (traced.kind === 'scalar') return traced.value;
	if (traced.kind === 'list') return traced.items.map(untrace);
	const value: Record<string, unknown> = Object.create(null);
	for (const [key, field] of traced.fields) value[key] = untrace(field);
	return value;
}

/** Where the part at this path was read; of a part that is not there, the nearest around it. */
export function placeWithin(traced: Traced, [segment, ...below]: readonly Segment[]): readonly Segment[] {
	if (segment === undefined) return traced.at;
	const part = partOf(traced, segment);
	return part === undefined ? traced.at : placeWithin(part, below);
}

export function partOf(traced: Traced | undefined, segment: Segment): Traced | undefined {
	if (traced?.kind === 'list') return traced.items[Number(segment)];
	return traced?.kind === 'object' ? traced.fields.get(String(segment)) : undefined;
}

/** A name that should be a text; '' if it is a list or an object. */
export const nameIn = (traced: Traced): string => (traced.kind === 'scalar' ? String(traced.value) : '');

/** The text at this key, if there is one. */
export function textAt(traced: Traced | undefined, ...path: readonly string[]): string | undefined {
	const found = path.reduce(partOf, traced);
	return found?.kind === 'scalar' && typeof found.value === 'string' ? found.value : undefined;
}

export const itemsOf = (traced: Traced | undefined): readonly Traced[] => (traced?.kind === 'list' ? traced.items : []);

export const fieldsOf = (traced: Traced | undefined): ReadonlyMap<string, Traced> =>
	traced?.kind === 'object' ? traced.fields : new Map();
