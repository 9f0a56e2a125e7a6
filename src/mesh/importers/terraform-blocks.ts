import type { Shape } from '../schema/shape.ts';
import { itemsOf, object, scalar, type Traced, type TracedScalar } from '../traced.ts';
import type { Notation } from './translate.ts';

export const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const isObject = ({ kind }: Shape): boolean => kind === 'object' || kind === 'union';

/** Each block is a list, also where there can be only one. What is not set is null, empty, 0 or ''. */
export const blocks: Notation = {
	fieldName: (key, shape) => {
		if (key === 'attributes' || shape.kind !== 'list' || !isObject(shape.of)) return snakeCase(key);
		// Blocks that may stand several times have singular names.
		return snakeCase(key.replace(/s$/, ''));
	},
	unwrap: (shape, value, isRequired, key) => {
		if (key === 'attributes') return attributesOf(value);
		if (isObject(shape)) return onlyBlock(value, isRequired);
		if (shape.kind === 'list') return itemsOf(value).length === 0 && !isRequired ? undefined : value;
		return value.kind === 'scalar' && isUnset(value, isRequired, key) ? undefined : value;
	},
};

function onlyBlock(value: Traced, isRequired: boolean): Traced | undefined {
	const block = value.kind === 'list' ? value.items[0] : value;
	if (block !== undefined && (block.kind !== 'scalar' || block.value !== null)) return block;
	// A block without anything in it, such as the match of a gRPC route that takes all.
	return isRequired ? object([], value.at) : undefined;
}

/** The provider sends no optional field that is 0 or ''. `enforce = false` says something, `invert = false` does not. */
function isUnset({ value }: TracedScalar, isRequired: boolean, key: string): boolean {
	if (value === null) return true;
	return !isRequired && (value === '' || value === 0 || (value === false && key === 'invert'));
}

/** Cloud Map's attributes are a map here, and pairs in the API. */
function attributesOf(value: Traced): Traced | undefined {
	if (value.kind !== 'object' || value.fields.size === 0) return undefined;
	const pairs = [...value.fields].sort(([a], [b]) => (a < b ? -1 : 1));
	const items = pairs.map(([key, text]) =>
		object(
			[
				['key', scalar(key, text.at)],
				['value', text],
			],
			text.at,
		),
	);
	return { kind: 'list', items, at: value.at };
}
