// Definitions that change file by file: what is read again says what it would say if it were read for the first time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFilesImporter, type DefinitionFile, importFiles } from '../../../src/mesh/import-files.ts';
import { createMeshLoader, loadMesh } from '../../../src/mesh/load-mesh.ts';
import { guideFiles } from '../../support/guide-mesh.ts';

const parameters = new Map([['PORT', '80']]);

const file = (path: string, ...resources: readonly object[]): DefinitionFile => ({
	path,
	text: JSON.stringify(resources, undefined, 1),
});
const route = (name: string, virtualNode: string) => ({
	...{ meshName: 'simpleapp', virtualRouterName: 'serviceB', routeName: name },
	spec: { httpRoute: { match: { prefix: '/' }, action: { weightedTargets: [{ virtualNode, weight: 1 }] } } },
});
const listed = { path: 'list.json', text: '{"virtualNodes":[{"meshName":"simpleapp","virtualNodeName":"serviceC"}]}' };
const nodeC = { meshName: 'simpleapp', virtualNodeName: 'serviceC', spec: {} };
const unplaced = { virtualNodeName: 'serviceD', spec: {} };
const templated = {
	...{ meshName: 'simpleapp', virtualNodeName: 'serviceE' },
	spec: { listeners: [{ portMapping: { port: '$PORT', protocol: `$\{PROTOCOL}` } }] },
};
const kubernetes = {
	path: 'mesh.yaml',
	text: 'apiVersion: appmesh.k8s.aws/v1beta2\nkind: Mesh\nmetadata: {name: other}\nspec: {}\n',
};
const guide = guideFiles();

/** One save after the other. */
const saves: Readonly<Record<string, readonly DefinitionFile[]>> = {
	'the guide': guide,
	'the same again': guide,
	'a route more': [...guide, file('more.json', route('more', 'serviceB'))],
	'the route is another': [...guide, file('more.json', route('more', 'serviceBv2'))],
	'it stands twice': [
		...guide,
		file('more.json', route('more', 'serviceB')),
		file('twice.json', route('more', 'serviceB')),
	],
	'it leads nowhere': [...guide, file('more.json', route('more', 'serviceBB'))],
	'half a file': [...guide, { path: 'more.json', text: '[{' }],
	'a field that is none': [...guide, file('more.json', { ...route('more', 'serviceB'), sepc: {} })],
	'a file first': [file('a.json', route('more', 'serviceB')), ...guide],
	'a node that is only listed': [...guide, listed],
	'it is there': [...guide, listed, file('c.json', nodeC)],
	'it is gone': [...guide, listed],
	'one of any mesh': [...guide, file('d.json', unplaced)],
	'of which there are two': [...guide, file('d.json', unplaced), kubernetes],
	templates: [...guide, file('e.json', templated), { path: 'none.json', text: '{"a":1}' }],
	'the guide once more': guide,
};

const plain = ({ resources, errors, warnings }: ReturnType<typeof importFiles>) => ({
	resources: resources.map(({ placeOf, ...rest }) => ({ ...rest, place: placeOf('spec') })),
	...{ errors, warnings },
});

test('each save is read as if it were the first', () => {
	const [read, load] = [createFilesImporter(parameters), createMeshLoader(parameters)];
	for (const [what, files] of Object.entries(saves)) {
		assert.deepEqual(plain(read(files)), plain(importFiles(files, parameters)), what);
		const [found, fresh] = [load(files), loadMesh(files, parameters)];
		assert.deepEqual([found.errors, found.warnings], [fresh.errors, fresh.warnings], what);
		assert.equal(found.catalogs.length > 0, true);
	}
});

test('what a list of the CLI names may be described in another file, before it or after it', () => {
	const described = file('c.json', nodeC);
	for (const files of [
		[...guide, listed, described],
		[described, listed, ...guide],
	])
		assert.deepEqual(importFiles(files, parameters).errors, []);
	assert.match(importFiles([...guide, listed], parameters).errors[0]?.why ?? '', /serviceC.*only listed/);
});

test('a file that is as it was is not read again', () => {
	const read = createFilesImporter(parameters);
	const [before, after] = [saves['a route more'] ?? [], saves['the route is another'] ?? []].map((files) =>
		read(files),
	);
	const changed = after?.resources.filter((resource) => !before?.resources.includes(resource));
	assert.deepEqual(
		changed?.map(({ name }) => name),
		['more'],
	);
});
