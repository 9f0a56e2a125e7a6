import { hasControlCharacters, quote } from '../lib/escape.ts';
import { fieldHint } from './nearest.ts';
import type { Segment } from './path.ts';
import type { IntegerShape, ListShape, ObjectShape, Shape, StringShape } from './schema/shape.ts';

/** What is wrong, at a path below the value that was checked. */
export interface ShapeMistake {
	readonly path: readonly Segment[];
	readonly why: string;
	readonly hint: string;
}

/** All mistakes of a value at once; none: it has the type `Value<shape>`. */
export const checkShape = (shape: Shape, value: unknown, path: readonly Segment[] = []): ShapeMistake[] =>
	isOfType[shape.kind](value) ? checkTyped(shape, value, path) : [wrongType(path, value, typeNames[shape.kind])];

function checkTyped(shape: Shape, value: unknown, path: readonly Segment[]): ShapeMistake[] {
	switch (shape.kind) {
		case 'string':
			return checkText(shape, value as string, path);
		case 'integer':
			return checkNumber(shape, value as number, path);
		case 'boolean':
			return [];
		case 'list':
			return checkItems(shape, value as readonly unknown[], path);
		case 'object':
		case 'union':
			return checkFields(shape, value as Readonly<Record<string, unknown>>, path);
	}
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const isOfType: Readonly<Record<Shape['kind'], (value: unknown) => boolean>> = {
	string: (value) => typeof value === 'string',
	integer: Number.isSafeInteger,
	boolean: (value) => typeof value === 'boolean',
	list: Array.isArray,
	object: isRecord,
	union: isRecord,
};

const typeNames: Readonly<Record<Shape['kind'], string>> = {
	string: 'a text',
	integer: 'a whole number',
	boolean: 'true or false',
	list: 'a list',
	object: 'an object',
	union: 'an object',
};

function checkText(shape: StringShape, value: string, path: readonly Segment[]): ShapeMistake[] {
	if (!value.isWellFormed())
		return [{ path, why: `${shown(value)} has half of a character`, hint: 'write it as UTF-8' }];
	if (shape.isFreeText !== true && hasControlCharacters(value))
		return [{ path, why: `${shown(value)} has a control character`, hint: 'nothing is called so' }];
	if (shape.values === undefined) return checkLength(path, [...value].length, 'characters', shape);
	if (shape.values.includes(value)) return [];
	return [{ path, why: `unknown value ${quote(value)}`, hint: `one of ${shape.values.join(', ')}` }];
}

const checkNumber = (shape: IntegerShape, value: number, path: readonly Segment[]): ShapeMistake[] =>
	isInside(value, shape) ? [] : [{ path, why: `${value} is out of bounds`, hint: boundsText(shape) }];

const checkItems = (shape: ListShape, items: readonly unknown[], path: readonly Segment[]): ShapeMistake[] => [
	...checkLength(path, items.length, 'items', shape),
	...items.flatMap((item, at) => checkShape(shape.of, item, [...path, at])),
];

function checkFields(
	shape: ObjectShape,
	value: Readonly<Record<string, unknown>>,
	path: readonly Segment[],
): ShapeMistake[] {
	// The CLI writes null where a field is not set, and ignores it where it reads one.
	const present = Object.keys(value).filter((key) => value[key] !== null && value[key] !== undefined);
	const below = present.flatMap((key) => {
		const known = fieldOf(shape, key);
		if (known !== undefined) return checkShape(known, value[key], [...path, key]);
		return [{ path: [...path, key], ...unknownField(key, fieldNames(shape)) }];
	});
	const missing = Object.keys(shape.required).filter((key) => !present.includes(key));
	const absent = missing.map((key) => ({ path, why: `${quote(key)} is missing`, hint: '' }));
	if (shape.kind === 'object' || present.length === 1) return [...below, ...absent];
	const found = present.length === 0 ? 'none is there' : `${present.join(' and ')} are there`;
	const hint = `one of ${fieldNames(shape).join(', ')}`;
	return [...below, { path, why: `exactly one field is needed, but ${found}`, hint }];
}

const fieldNames = ({ required, optional }: ObjectShape): string[] => [
	...Object.keys(required),
	...Object.keys(optional),
];

/** Not what every object inherits, such as `constructor`. */
function fieldOf({ required, optional }: ObjectShape, key: string): Shape | undefined {
	if (Object.hasOwn(required, key)) return required[key];
	return Object.hasOwn(optional, key) ? optional[key] : undefined;
}

const unknownField = (key: string, known: readonly string[]) => ({
	why: `unknown field ${quote(key)}`,
	hint: fieldHint(key, known),
});

interface Bounds {
	readonly min?: number;
	readonly max?: number;
}

const isInside = (value: number, { min = -Infinity, max = Infinity }: Bounds): boolean => min <= value && value <= max;

function checkLength(path: readonly Segment[], length: number, unit: string, bounds: Bounds): ShapeMistake[] {
	if (isInside(length, bounds)) return [];
	if (length === 0 && bounds.max === undefined) return [{ path, why: 'it is empty', hint: '' }];
	const why = length === 0 ? 'it is empty' : `it has ${length} ${unit}`;
	return [{ path, why, hint: `${boundsText(bounds)} ${unit}` }];
}

function boundsText({ min, max }: Bounds): string {
	if (min === undefined) return `at most ${max}`;
	return max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
}

function wrongType(path: readonly Segment[], value: unknown, wanted: string): ShapeMistake {
	return { path, why: `${shown(value)} is not ${wanted}`, hint: '' };
}

/** Short: a value may be a megabyte. */
const shown = (value: unknown): string => {
	const text = JSON.stringify(value) ?? String(value);
	return text.length > 60 ? `${quote(text.slice(0, 60))}…` : text;
};
