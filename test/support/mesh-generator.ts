// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
// Any resources that the API's shapes allow, made from the same shapes that check them.
import fc from 'fast-check';
import { hasControlCharacters } from '../../src/lib/escape.ts';
import type { Resource } from '../../src/mesh/resource.ts';
import { type Kind, kinds, parentOf } from '../../src/mesh/schema/kinds.ts';
import type { ListShape, ObjectShape, Shape, StringShape } from '../../src/mesh/schema/shape.ts';

/** Texts that a format could take for something else. */
const tricky = [
	...[
		'yes',
		'no',
		'null',
		'~',
		'0',
		'010',
		'1e3',
		'0x1f',
		'.inf',
		'2019-01-25',
		'12:30:45',
		'true',
		'=',
		'<<',
		'---',
		'...',
	],
	...[
		'a: b',
		'a #b',
		'- a',
		'&a',
		'*a',
		'!Ref a',
		'%a',
		'@a',
		'`a`',
		'{a}',
		'[a]',
		'|',
		'>',
		'"',
		"'",
		'\\',
		'\\n',
		' a ',
		'\t',
	],
	...[
		'$a',
		'${a}',
		'$${a}',
		'$',
		'\u0000',
		'\u0085',
		'\u2028',
		'\u007f',
		'\r\n',
		'\n',
		'\ufeff',
		'😀',
		'é',
		'__proto__',
	],
];

/** Text that no format and no log shows as it is stands in free text only. */
const isPlain = (text: string): boolean => text.isWellFormed() && !hasControlCharacters(text);

/** As fast-check's unit `binary`, which makes a table of all of Unicode first and takes seconds for it. */
export const codePoint = fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code));

/** At the edge of what is allowed; where nothing is said, above all that Envoy bounds. */
const longest = (max: number): fc.Arbitrary<string> =>
	fc.constantFrom('x', 'é', '😀').map((letter) => letter.repeat(max));

export const textOf = ({ values, min = 0, max = 1_500, isFreeText = false }: StringShape): fc.Arbitrary<string> => {
	if (values !== undefined) return fc.constantFrom(...values);
	const [minLength, maxLength] = [min, Math.min(max, min + 30)];
	const fitting = tricky.filter((text) => [...text].length >= min && [...text].length <= max);
	const any = fc.oneof(
		{ weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength, maxLength }) },
		{ weight: 4, arbitrary: fc.string({ unit: codePoint, minLength, maxLength }) },
		{ weight: 4, arbitrary: fc.constantFrom(...fitting) },
		{ weight: 1, arbitrary: longest(max) },
	);
	return any.filter((text) => (isFreeText ? text.isWellFormed() : isPlain(text)));
};

/** Values at a path such as `route.httpRoute.match.prefix` that the shape does not say all of; undefined: none; '': left out. */
export type Choice = (path: string) => fc.Arbitrary<unknown> | '' | undefined;

const anyOf: Choice = () => undefined;

const listOf = ({ of, min = 0, max }: ListShape, choice: Choice, path: string): fc.Arbitrary<unknown> => {
	const item = anyValue(of, choice, path);
	const few = fc.array(item, { minLength: min, maxLength: Math.max(min, Math.min(max ?? 3, 3)) });
	if (max === undefined) return few;
	return fc.oneof(
		{ weight: 9, arbitrary: few },
		{ weight: 1, arbitrary: fc.array(item, { minLength: max, maxLength: max }) },
	);
};

const objectOf = ({ kind, required, optional }: ObjectShape, choice: Choice, path: string): fc.Arbitrary<unknown> => {
	const all = Object.entries({ ...required, ...optional }).flatMap(([key, shape]) => {
		const below = `${path}.${key}`;
		return choice(below) === '' ? [] : [[key, anyValue(shape, choice, below)] as const];
	});
	if (kind === 'union') return fc.oneof(...all.map(([key, value]) => fc.record({ [key]: value })));
	return fc.record(Object.fromEntries(all), { requiredKeys: Object.keys(required) });
};

export function anyValue(shape: Shape, choice: Choice = anyOf, path = ''): fc.Arbitrary<unknown> {
	const chosen = choice(path);
	if (chosen !== undefined && chosen !== '') return chosen;
	switch (shape.kind) {
		case 'string':
			return textOf(shape);
		case 'integer':
			return fc.integer({ min: shape.min ?? Number.MIN_SAFE_INTEGER, max: shape.max ?? Number.MAX_SAFE_INTEGER });
		case 'boolean':
			return fc.boolean();
		case 'list':
			return listOf(shape, choice, path);
		case 'object':
		case 'union':
			return objectOf(shape, choice, path);
	}
}

export const anyName = fc
	.oneof(
		{ weight: 9, arbitrary: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }) },
		{ weight: 9, arbitrary: fc.constantFrom(...tricky) },
		{ weight: 1, arbitrary: longest(255) },
	)
	.filter(isPlain);

/** One arbitrary per kind, made once: to make it costs more than to draw from it. */
const resource = fc.oneof(
	...(Object.keys(kinds) as Kind[]).map((kind) =>
		fc.record({ kind: fc.constant(kind), mesh: anyName, name: anyName, parent: anyName, spec: anyValue(kinds[kind]) }),
	),
);

/** Without two of the same name, in any order. */
export const anyResources: fc.Arbitrary<readonly Resource[]> = fc
	.uniqueArray(resource, {
		maxLength: 8,
		selector: ({ kind, mesh, name: own, parent }) =>
			JSON.stringify(kind === 'mesh' ? [mesh] : [kind, mesh, own, parentOf[kind] === undefined ? '' : parent]),
	})
	.map((found) =>
		found.map((each) => ({
			...each,
			name: each.kind === 'mesh' ? each.mesh : each.name,
			parent: parentOf[each.kind] === undefined ? '' : each.parent,
			placeOf: (path: string) => ({ file: 'generated', line: 1, path }),
		})),
	) as unknown as fc.Arbitrary<readonly Resource[]>;
