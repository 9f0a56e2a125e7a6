import { quote } from '../../lib/escape.ts';
import { fieldHint } from '../nearest.ts';
import type { Segment } from '../path.ts';
import type { ListShape, ObjectShape, Shape } from '../schema/shape.ts';
import { object, type Traced, type TracedObject, type TracedScalar } from '../traced.ts';

/** How a format writes what the API's shapes describe. */
export interface Notation {
	/** The format's name of a field. */
	readonly fieldName: (key: string, shape: Shape) => string;
	/** A value as the API has it, its parts not yet; undefined where the format means that there is none. */
	readonly unwrap: (shape: Shape, value: Traced, isRequired: boolean, key: string) => Traced | undefined;
}

export type Tell = (at: readonly Segment[], why: string, hint: string) => void;

/** The same value by the API's names. What the shape has no place for is told by the format's names; the rest is checked later. */
export function translate(shape: Shape, value: Traced, notation: Notation, tell: Tell): Traced {
	if (shape.kind === 'list') return translateItems(shape, value, notation, tell);
	if (shape.kind !== 'object' && shape.kind !== 'union') return value;
	return value.kind === 'object' ? translateFields(shape, value, notation, tell) : value;
}

function translateItems({ of }: ListShape, value: Traced, notation: Notation, tell: Tell): Traced {
	if (value.kind !== 'list') return value;
	const items = value.items.flatMap((item) => {
		const unwrapped = notation.unwrap(of, item, true, '');
		return unwrapped === undefined ? [] : [translate(of, unwrapped, notation, tell)];
	});
	return { ...value, items };
}

function translateFields(shape: ObjectShape, value: TracedObject, notation: Notation, tell: Tell): Traced {
	const known = new Map(
		Object.entries({ ...shape.required, ...shape.optional }).map(([key, field]) => [
			notation.fieldName(key, field),
			{ key, field },
		]),
	);
	const fields = [...value.fields].flatMap(([name, part]): [string, Traced][] => {
		const found = known.get(name);
		if (found === undefined) {
			if (isSet(part)) tell(part.at, `unknown field ${quote(name)}`, fieldHint(name, [...known.keys()]));
			return [];
		}
		const { key, field } = found;
		const unwrapped = notation.unwrap(field, part, key in shape.required, key);
		return unwrapped === undefined ? [] : [[key, translate(field, unwrapped, notation, tell)]];
	});
	return object(fields, value.at);
}

const isSet = (value: Traced): boolean =>
	value.kind === 'list' ? value.items.length > 0 : value.kind !== 'scalar' || value.value !== null;

/** Of those that JavaScript counts exactly. */
const isWhole = (text: string): boolean => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text));

/** Where values come as text: `"80"` for a number, `"true"` for a boolean; and a number for a text. */
export function convertScalar(shape: Shape, value: TracedScalar['value']): TracedScalar['value'] {
	if (shape.kind === 'integer' && typeof value === 'string' && isWhole(value)) return Number(value);
	if (shape.kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
	return shape.kind === 'string' && value !== null ? String(value) : value;
}
