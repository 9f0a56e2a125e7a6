// biome-ignore-all lint/suspicious/noTemplateCurlyInString: people write such templates
// The folder that people edit and the API writes.
import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDefinitionFolder } from '../../src/host/files/definition-folder.ts';
import { readDefinitions } from '../../src/host/files/definitions.ts';
import { importFiles } from '../../src/mesh/import-files.ts';
import { loadMesh } from '../../src/mesh/load-mesh.ts';
import type { Kind } from '../../src/mesh/schema/kinds.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { Entry, Store } from '../../src/store/store.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { guideFiles, guideResources } from '../support/guide-mesh.ts';

async function withStore(act: (store: Store, folder: string) => Promise<void>): Promise<void> {
	using scratch = createScratch('folder-store');
	const folder = join(scratch.path, 'mesh');
	mkdirSync(folder);
	await act(createFolderStore(openDefinitionFolder(folder, assert.fail), new Map([['HOST', 'a.local']])), folder);
}

async function entryOf(store: Store, kind: Kind, name: string): Promise<Entry> {
	const found = (await store.list()).entries.find(({ resource }) => resource.kind === kind && resource.name === name);
	assert.ok(found, `${kind} ${name}`);
	return found;
}

const later = { uid: 'u', version: 7, createdMs: 1_000, updatedMs: 2_000 };

test('a file written by hand is a resource, which stays in its file when the API changes it', () =>
	withStore(async (store, folder) => {
		const path = join(folder, 'mine.yml');
		writeFileSync(path, '# mine\nmeshName: m\nvirtualRouterName: r\nspec: {listeners: []}\n');
		const found = await entryOf(store, 'virtualRouter', 'r');
		assert.equal(found.metadata.version, 1);
		assert.match(found.metadata.uid, /^[0-9a-f]{8}-[0-9a-f]{4}-/);
		assert.equal((await entryOf(store, 'virtualRouter', 'r')).metadata.uid, found.metadata.uid);
		assert.equal(await store.put({ ...found, metadata: later }, found.revision), 'done');
		assert.deepEqual(readdirSync(folder), ['mine.yml']);
		assert.match(
			readFileSync(path, 'utf8'),
			/^meshName: m\nvirtualRouterName: r\nspec:\n {2}listeners: \[\]\nmetadata:\n/,
		);
		assert.deepEqual((await entryOf(store, 'virtualRouter', 'r')).metadata, later);
	}));

test('what describe has printed is a resource with its uid, version and times; JSON stays JSON', () =>
	withStore(async (store, folder) => {
		const metadata = {
			...{ arn: 'arn:aws:appmesh:x:1:mesh/m', uid: 'a-1', version: 3, meshOwner: '1', resourceOwner: '1' },
			...{ createdAt: 1_571_682_098.123, lastUpdatedAt: '2019-10-21T18:21:38.5+00:00' },
		};
		const described = { mesh: { meshName: 'm', metadata, spec: {}, status: { status: 'ACTIVE' } } };
		writeFileSync(join(folder, 'm.json'), JSON.stringify(described));
		const found = await entryOf(store, 'mesh', 'm');
		assert.deepEqual(found.metadata, {
			...{ uid: 'a-1', version: 3, createdMs: 1_571_682_098_123, updatedMs: Date.UTC(2019, 9, 21, 18, 21, 38, 500) },
		});
		assert.equal(await store.put(found, found.revision), 'done');
		assert.equal(JSON.parse(readFileSync(join(folder, 'm.json'), 'utf8')).metadata.uid, 'a-1');
		assert.deepEqual((await entryOf(store, 'mesh', 'm')).metadata, found.metadata);
	}));

test('metadata and tags that somebody has spoilt are as if they were not there', () =>
	withStore(async (store, folder) => {
		const text =
			'meshName: m\nspec: {}\ntags: {a: b}\nmetadata: {version: -1, uid: 5, createdAt: soon, lastUpdatedAt: 1e99}\n';
		writeFileSync(join(folder, 'm.yaml'), text);
		const { tags, metadata } = await entryOf(store, 'mesh', 'm');
		assert.deepEqual({ tags, version: metadata.version }, { tags: [], version: 1 });
		assert.ok(Math.abs(metadata.createdMs - statSync(join(folder, 'm.yaml')).mtimeMs) < 2);
	}));

const together: Readonly<Record<string, string>> = {
	'with others in its file': guideResources()
		.map((each) => JSON.stringify(each))
		.join('\n---\n'),
	'beside what names resources only': 'meshName: simpleapp\nspec: {}\n---\nvirtualNodes: []\n',
	'in a list': JSON.stringify(guideResources()),
	'in a template of CloudFormation': `Resources:
  A: {Type: AWS::AppMesh::Mesh, Properties: {MeshName: simpleapp}}`,
};

for (const [what, text] of Object.entries(together))
	test(`a resource that is defined ${what} is told, and left as it is`, () =>
		withStore(async (store, folder) => {
			writeFileSync(join(folder, 'all.yaml'), text);
			const found = await entryOf(store, 'mesh', 'simpleapp');
			assert.match(found.fixed ?? '', /all\.yaml:\d+, together with others or in another format: change it there/);
			const { mesh, name, kind } = found.resource;
			for (const outcome of [
				await store.put(found, found.revision),
				await store.remove({ mesh, name, kind, parent: '' }, found.revision),
			])
				assert.deepEqual(outcome, { fixed: found.fixed });
			assert.equal(readFileSync(join(folder, 'all.yaml'), 'utf8'), text);
		}));

const wouldLose: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
	'that has a mistake behind it in its file': [
		'meshName: m\nspec: {}\n---\nmeshName: n\nspec: {\n',
		/defined at .*m\.yaml:1, and what else is in its file cannot be read \(.*m\.yaml:\d+: invalid YAML/,
	],
	'with templates': [
		'meshName: m\nvirtualNodeName: n\nspec: {serviceDiscovery: {dns: {hostname: "${HOST}"}}}\n',
		/m\.yaml:1, and it has templates, such as \$\{NAME\}: change it there/,
	],
	"with templates of jq's": [
		'meshName: m\nvirtualNodeName: n\nspec: {serviceDiscovery: {dns: {hostname: $HOST}}}\n',
		/it has templates/,
	],
};

for (const [what, [text, says]] of Object.entries(wouldLose))
	test(`a resource ${what} is told, and left as it is`, () =>
		withStore(async (store, folder) => {
			writeFileSync(join(folder, 'm.yaml'), text);
			const [found] = (await store.list()).entries;
			assert.match(found?.fixed ?? '', says);
			assert.ok(found);
			assert.deepEqual(await store.put({ ...found, tags: [] }, found.revision), { fixed: found.fixed });
			assert.deepEqual(await store.remove(found.resource, found.revision), { fixed: found.fixed });
			assert.equal(readFileSync(join(folder, 'm.yaml'), 'utf8'), text);
		}));

test('a resource that stands in two files is told, and both are left as they are', () =>
	withStore(async (store, folder) => {
		for (const name of ['a', 'b']) writeFileSync(join(folder, `${name}.yaml`), 'meshName: m\nspec: {}\n');
		const found = await entryOf(store, 'mesh', 'm');
		assert.match(found.fixed ?? '', /defined more than once, at .*a\.yaml:1 and at .*b\.yaml:1: leave one/);
		assert.deepEqual(await store.remove(found.resource, found.revision), { fixed: found.fixed });
		assert.deepEqual(readdirSync(folder), ['a.yaml', 'b.yaml']);
	}));

test('what a link leads to is left as it is', () =>
	withStore(async (store, folder) => {
		writeFileSync(join(folder, '../elsewhere.yaml'), 'meshName: m\nspec: {}\n');
		symlinkSync('../elsewhere.yaml', join(folder, 'm.yaml'));
		const found = await entryOf(store, 'mesh', 'm');
		const outcome = await store.put(found, found.revision);
		assert.ok(typeof outcome === 'object');
		assert.match(outcome.fixed, /m\.yaml, which is a link/);
	}));

test('a file that is broken is told, and not written over', () =>
	withStore(async (store, folder) => {
		const placeOf = (path: string) => ({ file: '', line: 1, path });
		const resource = { kind: 'mesh', mesh: 'm', parent: '', name: 'm', spec: {}, placeOf } as const;
		mkdirSync(join(folder, 'm'));
		writeFileSync(join(folder, 'm/mesh.yaml'), 'meshName: m\nspec: {');
		assert.match((await store.list()).errors[0]?.why ?? '', /invalid YAML/);
		await assert.rejects(store.put({ resource, tags: [], metadata: later }), {
			message: /Cannot write .*m\/mesh\.yaml: the file is there, and does not define mesh "m"/,
		});
		assert.equal(readFileSync(join(folder, 'm/mesh.yaml'), 'utf8'), 'meshName: m\nspec: {');
	}));

test('what is written hosts read as it was meant, and folders that are empty go with the last file', () =>
	withStore(async (store, folder) => {
		const { resources } = importFiles(guideFiles(), new Map());
		for (const resource of resources) assert.equal(await store.put({ resource, tags: [], metadata: later }), 'done');
		assert.deepEqual(readdirSync(join(folder, 'simpleapp')).toSorted(), [
			'mesh.yaml',
			'route',
			'virtualNode',
			'virtualRouter',
			'virtualService',
		]);
		const { catalogs, errors } = loadMesh(readDefinitions([folder]));
		assert.deepEqual(errors, []);
		assert.equal(catalogs[0]?.routesOf('serviceB').length, 1);
		for (const { resource, revision } of (await store.list()).entries)
			assert.equal(await store.remove(resource, revision), 'done');
		assert.deepEqual(readdirSync(folder), []);
	}));

test('who saves a file while it is about to be replaced is not overwritten', () =>
	withStore(async (store, folder) => {
		const path = join(folder, 'm.yaml');
		writeFileSync(path, 'meshName: m\nspec: {}\n');
		const found = await entryOf(store, 'mesh', 'm');
		const changing = store.put({ ...found, metadata: later }, found.revision);
		await Promise.resolve();
		writeFileSync(path, 'meshName: m\nspec: {egressFilter: {type: ALLOW_ALL}}\n');
		assert.equal(await changing, 'outdated');
		assert.match(readFileSync(path, 'utf8'), /ALLOW_ALL/);
		assert.deepEqual(readdirSync(folder), ['m.yaml']);
	}));

test('the rights of a file stay as they were', () =>
	withStore(async (store, folder) => {
		writeFileSync(join(folder, 'm.yaml'), 'meshName: m\nspec: {}\n', { mode: 0o640 });
		const found = await entryOf(store, 'mesh', 'm');
		await store.put({ ...found, metadata: later }, found.revision);
		assert.equal(statSync(join(folder, 'm.yaml')).mode & 0o777, 0o640);
	}));

test('the owner of a file stays when root changes it', { skip: process.getuid?.() !== 0 }, () =>
	withStore(async (store, folder) => {
		writeFileSync(join(folder, 'm.yaml'), 'meshName: m\nspec: {}\n');
		chownSync(join(folder, 'm.yaml'), 12, 34);
		const found = await entryOf(store, 'mesh', 'm');
		await store.put({ ...found, metadata: later }, found.revision);
		const { uid, gid } = statSync(join(folder, 'm.yaml'));
		assert.deepEqual([uid, gid], [12, 34]);
	}),
);

test('a folder that is a link is told before anything is written through it', () =>
	withStore(async (store, folder) => {
		mkdirSync(join(folder, '../elsewhere'));
		symlinkSync('../elsewhere', join(folder, 'm'));
		const placeOf = (path: string) => ({ file: '', line: 1, path });
		for (const resource of [
			{ kind: 'mesh', mesh: 'm', parent: '', name: 'm', spec: {}, placeOf } as const,
			{ kind: 'virtualNode', mesh: 'm', parent: '', name: 'n', spec: {}, placeOf } as const,
		])
			await assert.rejects(store.put({ resource, tags: [], metadata: later }), {
				message: /Cannot write into .*mesh\/m: it is a link to .*elsewhere, and what is there is not read/,
			});
		assert.deepEqual(readdirSync(join(folder, '../elsewhere')), []);
	}));

test('a folder that cannot be one is told', () => {
	assert.throws(() => openDefinitionFolder('/dev/null', assert.fail), { message: /\/dev\/null: it is not a folder/ });
});
