// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are templates of the definitions' own
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Given, readFiles, readText } from '../../support/imported.ts';
import { processorMsOf } from '../../support/processor-time.ts';

const listeners = [{ portMapping: { port: 80, protocol: 'http' } }];
const node = { meshName: 'm', virtualNodeName: 'n', spec: { listeners } };

const oneOf = (path: string, value: unknown, given: Given = {}) => {
	const text = typeof value === 'string' ? value : JSON.stringify(value, null, 1);
	const { resources, errors, warnings } = readFiles([{ path, text }], given);
	return { resources: JSON.parse(JSON.stringify(resources)), errors: errors.join('\n'), warnings };
};

describe('what the CLI takes and prints', () => {
	const table: readonly (readonly [what: string, path: string, value: unknown, given?: Given])[] = [
		['a request', 'x.json', { ...node, clientToken: 'c', tags: [{ key: 'a', value: 'b' }] }],
		['a reply', 'x.json', { virtualNode: { ...node, metadata: {}, status: { status: 'ACTIVE' } } }],
		['a list of requests', 'x.json', [node]],
		['a list of replies', 'x.json', [{ virtualNode: node }]],
		['a list by kind', 'x.json', { virtualNodes: [node], nextToken: 'x' }],
		[
			'YAML',
			'x.yaml',
			'meshName: m\nvirtualNodeName: n\nspec: {listeners: [{portMapping: {port: 80, protocol: http}}]}',
		],
		['without the name of its mesh', 'x.json', { virtualNodeName: 'n', spec: { listeners } }, { meshName: 'm' }],
		['a spec, named by its file', 'a.b/n.virtualNode.json', { spec: { listeners } }, { meshName: 'm' }],
		['a spec, named as in the CLI', 'n.virtual-node.yaml', { spec: { listeners } }, { meshName: 'm' }],
		['a spec without its key', 'n.virtualNode.json', { listeners }, { meshName: 'm' }],
		['a spec, named by parameters', 'x.json', { listeners }, { meshName: 'm', virtualNodeName: 'n' }],
		['a spec with its mesh, named by its file', 'n.virtualNode.json', { meshName: 'm', spec: { listeners } }],
		['a template in quotes', 'x.json', { ...node, virtualNodeName: '${NAME}' }, { NAME: 'n' }],
		['a template of a number', 'x.json', JSON.stringify(node).replace('80', '"${PORT}"'), { PORT: '80' }],
		['a template without quotes', 'x.json', JSON.stringify(node).replace('80', '${PORT}'), { PORT: '80' }],
		['a template of jq', 'x.json', JSON.stringify(node).replace('"n"', '$NAME'), { NAME: 'n' }],
	];
	for (const [what, path, value, given] of table)
		test(what, () => {
			const { resources, errors } = oneOf(path, value, given);
			assert.equal(errors, '');
			assert.deepEqual(resources, [node]);
		});

	test('the only mesh there is has what names none', () => {
		const { resources, errors } = oneOf('x.json', [{ meshName: 'only' }, { virtualNodeName: 'n', spec: {} }]);
		assert.equal(errors, '');
		assert.deepEqual(resources[1], { meshName: 'only', virtualNodeName: 'n', spec: {} });
	});
});

describe('what is wrong in them', () => {
	const meshless = { virtualNodeName: 'n', spec: {} };
	const table: readonly (readonly [what: string, value: unknown, told: RegExp])[] = [
		['no mesh', meshless, /^1: : nothing says which mesh it belongs to; name its mesh with the parameter meshName$/],
		[
			'one of two meshes',
			[{ meshName: 'a' }, { meshName: 'b' }, meshless],
			/^8: : it may belong to any of the meshes "a", "b"; /,
		],
		[
			'a name that is no text',
			{ ...node, virtualNodeName: 7 },
			/^3: virtualNodeName: "virtualNodeName" is not a text; $/,
		],
		[
			'an unknown key',
			{ ...node, spce: {} },
			/^14: spce: unknown field "spce"; known: meshName, virtualNodeName, clientToken/,
		],
		[
			'a route without a router',
			{ meshName: 'm', routeName: 'r', spec: {} },
			/"virtualRouterName" is missing; the CLI got it by an option; .* virtualRouterName=VALUE/,
		],
		['a spec without a name', { spec: { listeners } }, /^1: : no name says what it is; .* NAME\.virtualNode\.json/],
		[
			'a list alone',
			{ virtualNodes: [{ meshName: 'm', virtualNodeName: 'n', arn: 'x' }] },
			/^3: : virtualNode "n" is only listed: .*; add the output of aws appmesh describe-virtual-node$/,
		],
		['something else in a list', [node, 7], /^16: : it is not a resource; /],
		[
			'a template without a value',
			{ ...node, virtualNodeName: 'a-${NAME}' },
			/^3: virtualNodeName: the template \$\{NAME\} has no value; give it as a parameter: NAME=VALUE$/,
		],
		[
			'backends of the preview of 2018',
			{ ...node, spec: { backends: ['a.local'], serviceDiscovery: { dns: { serviceName: 'b' } } } },
			/^6: spec\.backends\[0\]: this is of the preview API of 2018 .*virtualServiceName.*\n10: spec\.serviceDiscovery\.dns\.serviceName: .*; it is called hostname since$/,
		],
		[
			'routers of the preview of 2018',
			{ meshName: 'm', virtualRouterName: 'r', spec: { serviceNames: ['a'] } },
			/^5: spec\.serviceNames: this is of the preview API of 2018/,
		],
	];
	for (const [what, value, told] of table) test(what, () => assert.match(oneOf('x.json', value).errors, told));

	test('a list beside what it lists is nothing wrong', () => {
		const list = { virtualNodes: [{ meshName: 'm', virtualNodeName: 'n' }] };
		assert.equal(oneOf('x.json', [list, node]).errors, '');
	});

	test('names with NUL, newlines and quotes are quoted, and nothing of them reaches a line of its own', () => {
		for (const name of ['a\u0000b', 'a\nb', 'a"b', "a'b", 'a\u001b[31mb']) {
			const twice = [
				{ ...node, virtualNodeName: name },
				{ ...node, virtualNodeName: name, spec: { [name]: 1 } },
			];
			const { errors } = readText(JSON.stringify(twice));
			assert.ok(errors.length >= 2, errors.join());
			// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
			for (const error of errors) assert.doesNotMatch(error, /[\u0000-\u001f]/);
		}
	});
});

test('texts that only look like templates: $${NAME} is ${NAME}, and $NAME without a parameter stays', () => {
	const text = (value: string): string =>
		JSON.stringify({ ...node, spec: { logging: { accessLog: { file: { path: value } } } } });
	const { resources, errors } = readText(text('$${A}$HOME$$${B}'));
	assert.deepEqual(errors, []);
	assert.deepEqual(JSON.parse(JSON.stringify(resources)), JSON.parse(`[${text('$${A}$HOME$$${B}')}]`));
	const bare = readText(text('$HOME'));
	assert.match(JSON.stringify(bare.resources), /"path":"\$HOME"/);
	assert.match(bare.warnings.join(), /spec\.logging.*: \$HOME looks like a template, and has no value; .* HOME=VALUE$/);
	assert.match(JSON.stringify(readText(text('$HOME'), { HOME: '/root' }).resources), /"path":"\/root"/);
});

test('10,000 resources are read in seconds', () => {
	const nodes = JSON.stringify(Array.from({ length: 10_000 }, (_, at) => ({ ...node, virtualNodeName: `n${at}` })));
	const passed = processorMsOf(() => {
		const { resources, errors } = readText(nodes);
		assert.deepEqual([resources.length, errors], [10_000, []]);
	});
	assert.ok(passed < 8_000, `${passed} ms`);
});
