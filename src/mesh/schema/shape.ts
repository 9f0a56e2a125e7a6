/**
 * App Mesh's API as data: the checker, the types and the generators of tests are all made from it. Bounds are inclusive;
 * of strings in characters, of lists in items (API 2019-01-25, botocore's service-2.json).
 */
export type Shape = StringShape | IntegerShape | BooleanShape | ListShape | ObjectShape;

export interface StringShape {
	readonly kind: 'string';
	readonly min?: number;
	readonly max?: number;
	/** The only ones that there are. */
	readonly values?: readonly string[];
	/** It may hold control characters; nothing that has a meaning for Envoy does. */
	readonly isFreeText?: boolean;
}

export interface IntegerShape {
	readonly kind: 'integer';
	readonly min?: number;
	readonly max?: number;
}

export interface BooleanShape {
	readonly kind: 'boolean';
}

export interface ListShape {
	readonly kind: 'list';
	readonly of: Shape;
	readonly min?: number;
	readonly max?: number;
}

export interface ObjectShape {
	readonly kind: 'object' | 'union';
	readonly required: Readonly<Record<string, Shape>>;
	/** Of a union exactly one is there. */
	readonly optional: Readonly<Record<string, Shape>>;
}

/** The TypeScript type of what a shape describes. */
export type Value<S> = S extends { readonly kind: 'string'; readonly values: readonly (infer V)[] }
	? V
	: S extends { readonly kind: 'string' }
		? string
		: S extends { readonly kind: 'integer' }
			? number
			: S extends { readonly kind: 'boolean' }
				? boolean
				: S extends { readonly kind: 'list'; readonly of: infer I }
					? readonly Value<I>[]
					: S extends { readonly required: infer R; readonly optional: infer O }
						? { readonly [K in keyof R]: Value<R[K]> } & { readonly [K in keyof O]?: Value<O[K]> }
						: never;

type Fields = Readonly<Record<string, Shape>>;

export const text = <const B extends Omit<StringShape, 'kind'>>(bounds: B) => ({ kind: 'string', ...bounds }) as const;

export const oneOf = <const V extends readonly string[]>(...values: V) => ({ kind: 'string', values }) as const;

export const integer = (min?: number, max?: number): IntegerShape => ({ kind: 'integer', ...boundsOf(min, max) });

export const flag = { kind: 'boolean' } as const;

export const list = <const S extends Shape>(of: S, min?: number, max?: number): ListShape & { readonly of: S } => ({
	kind: 'list',
	of,
	...boundsOf(min, max),
});

const boundsOf = (min: number | undefined, max: number | undefined) => ({
	...(min === undefined ? {} : { min }),
	...(max === undefined ? {} : { max }),
});

export const object = <const R extends Fields, const O extends Fields>(required: R, optional: O) =>
	({ kind: 'object', required, optional }) as const;

export const union = <const O extends Fields>(optional: O) => ({ kind: 'union', required: {}, optional }) as const;
