// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { parseFile } from '../../../src/mesh/parse-file.ts';

const parsed = (text: string) => parseFile(text, 'mesh.yaml');
const valuesOf = (text: string): string => JSON.stringify(parsed(text).documents.map(({ value }) => value));
const toldOf = (text: string): string[] =>
	parsed(text).errors.map(({ file, line, path, why, hint }) => `${file}:${line}: ${path}: ${why}; ${hint}`);

/** Thirty levels of ten aliases each: ten to the thirtieth values. */
const bomb = (): string => {
	const levels = Array.from({ length: 30 }, (_, level) => {
		const items = Array(10).fill(level === 0 ? 'x' : `*a${level - 1}`);
		return `a${level}: &a${level} [${items.join(', ')}]`;
	});
	return `${levels.join('\n')}\n`;
};

describe('YAML and JSON give the same values', () => {
	const table: readonly (readonly [what: string, text: string, value: string])[] = [
		['JSON', '{"a": [1, {"b": null}]}', '[{"a":[1,{"b":null}]}]'],
		['JSON after a byte order mark', '\ufeff {"a": 1}', '[{"a":1}]'],
		['YAML in braces', '{a: 1, b: [x, y],}', '[{"a":1,"b":["x","y"]}]'],
		['several documents, empty ones left out', 'a: 1\n---\n# nothing\n---\nb: 2\n', '[{"a":1},{"b":2}]'],
		['one JSON after another', '{\n "a": 1\n}\n{\n "b": 2\n}\n', '[{"a":1},{"b":2}]'],
		['anchors', 'a: &x {b: 1}\nc: *x\n', '[{"a":{"b":1},"c":{"b":1}}]'],
		['a merge key', 'a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n', '[{"a":{"b":1,"c":2},"d":{"b":1,"c":3}}]'],
		[
			'a merge of two, of which the first counts',
			'a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}\n',
			'[{"a":{"b":1},"c":{"b":2,"d":3},"e":{"b":1,"d":3}}]',
		],
		['keys that look like numbers', '200: x\n0x10: y\n', '[{"200":"x","0x10":"y"}]'],
		['dates as texts', 'a: 2010-09-09\n', '[{"a":"2010-09-09"}]'],
		['short tags', 'a: !Sub "${b}"\nc: !GetAtt d.e\n', '[{"a":{"Fn::Sub":"${b}"},"c":{"Fn::GetAtt":"d.e"}}]'],
		['a template without quotes in JSON', '{"port": ${PORT}, "a": "$b"}', '[{"port":"${PORT}","a":"$b"}]'],
		['__proto__', '__proto__: {a: 1}\n', '[{"__proto__":{"a":1}}]'],
		['__proto__ in JSON', '{"__proto__": {"a": 1}}', '[{"__proto__":{"a":1}}]'],
		['colons and quotes in texts of JSON', '{"a:": "\\"b\\": \\\\", "c": ":"}', '[{"a:":"\\"b\\": \\\\","c":":"}]'],
	];
	for (const [what, text, value] of table) test(what, () => assert.equal(valuesOf(text), value, toldOf(text).join()));

	test('an object has no keys but those that were written', () => {
		for (const text of ['[{"a": {}}]', '- a: {}\n']) {
			const [document] = parsed(text).documents;
			const [outer] = document?.value as [{ readonly a: object }];
			for (const each of [outer, outer.a]) assert.ok(!('toString' in each), text);
		}
	});
});

describe('what is wrong with the text of a file is told with its line', () => {
	const table: readonly (readonly [what: string, text: string, told: RegExp])[] = [
		['nothing', '', /^mesh\.yaml:1: : the file is empty; /],
		['comments only', '# later\n', /:1: : the file is empty; /],
		['a key twice', 'a: 1\nb: 2\na: 3\n', /:3: : the key "a" stands twice; remove one of them/],
		['an unknown tag', 'a: 1\nb: !foo 1\n', /:2: : unknown tag "!foo"; known: !Ref, /],
		['a tag that makes bytes', 'a: !!binary aGk=\n', /:1: : unknown tag "tag:yaml\.org,2002:binary"; /],
		['an alias of nothing', 'a: 1\nb: *c\n', /:2: : nothing has the anchor of "\*c"; write &c before/],
		['an alias of what it is in', 'a: &b\n- *b\n', /:2: : the alias \*b stands inside of what it names; /],
		['a merge of a text', 'a: 1\n<<: b\n', /:2: : a merge key \(<<\) names something that is no object; /],
		['a key that is a list', '? [a]\n: 1\n', /:1: : a key is a list or an object; /],
		['a tab', 'a:\n\tb: 1\n', /:2: : invalid YAML: .*; indent with spaces$/],
		['a brace that is not closed', 'a: {b: 1\n', /:\d: : invalid YAML: .*; /],
		['a colon in a text', 'a: b: c\n', /:1: : invalid YAML: .*; a colon and space within a text needs quotes/],
		['a bomb of aliases', bomb(), /:1: : its aliases unfold to more than 2000000 values; /],
		['a million brackets', '['.repeat(1_000_000), /:1: : its values are nested more than 200 levels deep; /],
		['brackets that are closed', `${'['.repeat(201)}${']'.repeat(201)}`, /:1: : its values are nested more than 200 /],
		['a million dashes', '- '.repeat(1_000_000), /:1: : its values are nested more than 200 levels deep; /],
		['five hundred dashes', '- '.repeat(500), /:1: : its values are nested more than 200 levels deep; /],
		['a million objects', '{a: '.repeat(1_000_000), /:1: : its values are nested more than 200 levels deep; /],
		['broken JSON after a byte order mark', '\ufeff{"a": 1 "b": 2}', /:1: : invalid JSON at .*a comma is missing$/],
		['a key twice in JSON', '{"a": 1,\n"a": 2}', /:2: a: the key "a" stands twice; /],
	];
	for (const [what, text, told] of table)
		test(what, () => {
			assert.match(toldOf(text).join('\n'), told);
			assert.deepEqual(parsed(text).documents, []);
		});
});

test('a mistake in a part that was merged is told at the line of that part', () => {
	const text = [
		'common: &listener',
		'  portMapping: {port: 0, protocol: http}',
		'---',
		'meshName: m',
		'virtualNodeName: a',
		'spec:',
		'  listeners:',
		'  - &one',
		'    portMapping: {port: 80, protocol: http}',
		'  - <<: *one',
		'    portMapping:',
		'      port: 70000',
		'      protocol: http',
	];
	const { errors } = loadMesh([{ path: 'mesh.yaml', text: text.slice(3).join('\n') }]);
	assert.deepEqual(
		errors.map(({ line, path }) => [line, path]),
		[[9, 'spec.listeners[1].portMapping.port']],
	);
});

test('a mistake is told at the line of its key, not at where its value begins', () => {
	const text = 'meshName: m\nspec:\n  egressFilter:\n\n    typ: ALLOW_ALL\n';
	const { errors } = loadMesh([{ path: 'mesh.yaml', text }]);
	assert.deepEqual(
		errors.map(({ line, why }) => `${line}: ${why}`),
		['3: "type" is missing', '5: unknown field "typ"'],
	);
});

test('an alias of what does not fit is told where the alias stands', () => {
	const text = 'meshName: &name m\n\nspec: *name\n';
	const { errors } = loadMesh([{ path: 'mesh.yaml', text }]);
	assert.deepEqual(
		errors.map(({ line, why }) => `${line}: ${why}`),
		['3: "m" is not an object'],
	);
});

test('a text of a megabyte is read, and quoted shortly where it is wrong', () => {
	const long = 'x'.repeat(1_000_000);
	for (const text of [
		`{"meshName": "m", "spec": {"egressFilter": {"type": "${long}"}}}`,
		`meshName: m\nspec: {egressFilter: {type: ${long}}}\n`,
		`{"meshName": "m", "spec": {"egressFilter": {"type": "${'\\\\'.repeat(500_000)}"}}}`,
	]) {
		const [error] = loadMesh([{ path: 'mesh.json', text }]).errors;
		assert.match(error?.why ?? '', /^unknown value "/);
		assert.ok((error?.why.length ?? 0) < 300);
	}
});
