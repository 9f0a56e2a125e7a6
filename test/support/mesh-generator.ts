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

const textOf = ({ values, min = 0, max = 40, isFreeText = false }: StringShape): fc.Arbitrary<string> => {
	if (values !== undefined) return fc.constantFrom(...values);
	const [minLength, maxLength] = [min, Math.min(max, min + 30)];
	const fitting = tricky.filter((text) => [...text].length >= min && [...text].length <= max);
	const any = fc.oneof(
		fc.string({ unit: 'grapheme-ascii', minLength, maxLength }),
		fc.string({ unit: 'binary', minLength, maxLength }),
		fc.constantFrom(...fitting),
	);
	return any.filter((text) => (isFreeText ? text.isWellFormed() : isPlain(text)));
};

const listOf = ({ of, min = 0, max = 3 }: ListShape): fc.Arbitrary<unknown> =>
	fc.array(anyValue(of), { minLength: min, maxLength: Math.max(min, Math.min(max, 3)) });

const objectOf = ({ kind, required, optional }: ObjectShape): fc.Arbitrary<unknown> => {
	const all = Object.entries({ ...required, ...optional });
	if (kind === 'union') return fc.oneof(...all.map(([key, shape]) => fc.record({ [key]: anyValue(shape) })));
	const fields = Object.fromEntries(all.map(([key, shape]) => [key, anyValue(shape)]));
	return fc.record(fields, { requiredKeys: Object.keys(required) });
};

export function anyValue(shape: Shape): fc.Arbitrary<unknown> {
	switch (shape.kind) {
		case 'string':
			return textOf(shape);
		case 'integer':
			return fc.integer({ min: shape.min ?? -1_000_000, max: shape.max ?? 2_000_000_000 });
		case 'boolean':
			return fc.boolean();
		case 'list':
			return listOf(shape);
		case 'object':
		case 'union':
			return objectOf(shape);
	}
}

const name = fc
	.oneof(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 20 }), fc.constantFrom(...tricky))
	.filter(isPlain);

const resource = fc
	.constantFrom(...(Object.keys(kinds) as Kind[]))
	.chain((kind) => fc.record({ kind: fc.constant(kind), mesh: name, name, parent: name, spec: anyValue(kinds[kind]) }));

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
