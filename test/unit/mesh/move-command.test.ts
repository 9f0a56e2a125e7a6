// turnout mesh import and export, between files and folders.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Given } from '../../../src/cli/arguments.ts';
import { mesh } from '../../../src/commands/mesh.ts';
import { readDefinitions } from '../../../src/host/files/definitions.ts';
import { canonicalYaml } from '../../../src/mesh/canonical.ts';
import { importFiles } from '../../../src/mesh/import-files.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { everyField } from '../../support/every-field.ts';
import { guideFormats } from '../../support/guide-formats.ts';
import { guideResources } from '../../support/guide-mesh.ts';
import { imported } from '../../support/imported-resources.ts';
import { anyMesh } from '../../support/valid-mesh.ts';

const confirmed = { confirm: true } as const;

interface Place {
	readonly path: (name: string) => string;
	/** A file, or one of a folder. */
	readonly write: (name: string, content: object | string) => string;
	readonly run: (verb: 'import' | 'export', paths: readonly string[], given?: Given) => ReturnType<typeof printedBy>;
	/** All that a folder defines. */
	readonly read: (name: string) => string;
}

async function withPlace(act: (place: Place) => Promise<void>): Promise<void> {
	using scratch = createScratch('move');
	const path = (name: string) => join(scratch.path, name);
	writeFileSync(path('settings.yaml'), '');
	await act({
		path,
		write(name, content) {
			mkdirSync(join(path(name), '..'), { recursive: true });
			writeFileSync(path(name), typeof content === 'string' ? content : JSON.stringify(content, null, 1));
			return path(name);
		},
		run: (verb, paths, given = {}) => printedBy(mesh, [verb, ...paths], { config: path('settings.yaml'), ...given }),
		read: (name) => definedIn([path(name)]),
	});
}

function definedIn(paths: readonly string[]): string {
	const { resources, errors } = importFiles(readDefinitions(paths), new Map());
	assert.deepEqual(errors, []);
	return canonicalYaml(resources);
}

const guide = canonicalYaml(imported(guideResources()));

describe('turnout mesh import', () => {
	test('shows what would be made, and makes nothing until it is confirmed', () =>
		withPlace(async ({ write, path, run, read }) => {
			const file = write('guide.json', guideResources());
			const shown = await run('import', [file], { to: path('mesh') });
			assert.equal(shown.code, 2);
			assert.match(shown.printed, /^\+ mesh\/simpleapp\n\+ mesh\/simpleapp\/virtualNode\/serviceA\n/);
			assert.match(shown.printed, /mesh: 7 to create, 0 to update, 0 unchanged, 0 left\nNothing is changed; --confirm/);
			assert.deepEqual(readdirSync(path('mesh')), []);
			const done = await run('import', [file], { to: path('mesh'), ...confirmed });
			assert.equal(done.code, 0);
			assert.match(done.printed, /Done: 7 created, 0 updated, 0 unchanged, 0 left\n$/);
			assert.equal(read('mesh'), guide);
		}));

	test('what is there as it is wanted is left alone, however often it is imported', () =>
		withPlace(async ({ write, path, run }) => {
			const file = write('guide.json', guideResources());
			await run('import', [file], { to: path('mesh'), ...confirmed });
			const before = readFileSync(path('mesh/simpleapp/virtualNode/serviceA.yaml'), 'utf8');
			const again = await run('import', [file], { to: path('mesh') });
			assert.equal(again.code, 0);
			assert.match(again.printed, /0 to create, 0 to update, 7 unchanged, 0 left\nNothing to change\n$/);
			assert.equal(readFileSync(path('mesh/simpleapp/virtualNode/serviceA.yaml'), 'utf8'), before);
		}));

	test('a change is shown with its path and both values, and counts the version up', () =>
		withPlace(async ({ write, path, run }) => {
			await run('import', [write('guide.json', guideResources())], { to: path('mesh'), ...confirmed });
			const { code, printed } = await run('import', [write('guide.json', guideResources([50, 50]))], {
				to: path('mesh'),
				...confirmed,
			});
			assert.equal(code, 0);
			assert.match(
				printed,
				/^~ mesh\/simpleapp\/virtualRouter\/serviceB\/route\/serviceB-route\n {4}~ spec\.httpRoute\.action\.weightedTargets\[0\]\.weight 90 → 50\n/,
			);
			assert.match(printed, /Done: 0 created, 1 updated, 6 unchanged, 0 left\n$/);
			assert.match(readFileSync(path('mesh/simpleapp/route/serviceB/serviceB-route.yaml'), 'utf8'), /version: 2\n/);
		}));

	test('what the files do not have is left, and named; --prune deletes it, from other meshes nothing', () =>
		withPlace(async ({ write, path, run, read }) => {
			const more = [
				{ meshName: 'simpleapp', virtualNodeName: 'old', spec: {} },
				{ meshName: 'other', spec: {} },
				{ meshName: 'other', virtualNodeName: 'kept', spec: {} },
			];
			await run('import', [write('all.json', [...guideResources(), ...more])], { to: path('mesh'), ...confirmed });
			const file = write('guide.json', guideResources());
			const { code, printed } = await run('import', [file], { to: path('mesh'), ...confirmed });
			assert.equal(code, 0);
			assert.match(
				printed,
				/^ {2}mesh\/simpleapp\/virtualNode\/old, which is not in the files, is left \(--prune deletes it\)\n/,
			);
			assert.match(read('mesh'), /virtualNodeName: old/);
			const shown = await run('import', [file], { to: path('mesh'), prune: true });
			assert.equal(shown.code, 2);
			assert.match(shown.printed, /^- mesh\/simpleapp\/virtualNode\/old\n.*1 to delete, 7 unchanged\n/);
			assert.match(read('mesh'), /virtualNodeName: old/);
			const pruned = await run('import', [file], { to: path('mesh'), prune: true, ...confirmed });
			assert.match(pruned.printed, /Done: 0 created, 0 updated, 1 deleted, 7 unchanged\n$/);
			assert.doesNotMatch(read('mesh'), /virtualNodeName: old/);
			assert.match(read('mesh'), /virtualNodeName: kept/);
		}));

	test('--prune goes by all files and folders that were named together', () =>
		withPlace(async ({ write, path, run, read }) => {
			const paths = guideResources().map((resource, at) => write(`parts/${at}.json`, resource));
			await run('import', [path('parts')], { to: path('mesh'), ...confirmed });
			const { code, printed } = await run('import', paths, { to: path('mesh'), prune: true, ...confirmed });
			assert.equal(code, 0);
			assert.match(printed, /7 unchanged\nNothing to change\n$/);
			assert.equal(read('mesh'), guide);
		}));

	test('with a mistake in one file nothing is changed, and all mistakes are told with their places', () =>
		withPlace(async ({ write, path, run }) => {
			const good = write('good.json', guideResources());
			const bad = write(
				'bad.yaml',
				'meshName: simpleapp\nvirtualNodeName: x\nspec: {listner: []}\n---\nmeshName: simpleapp\nvirtualNodeName: y\nspec: {backends: 5}\n',
			);
			await assert.rejects(run('import', [good, bad], { to: path('mesh'), ...confirmed }), (error: Error) => {
				assert.match(error.message, /^Cannot import: .*bad\.yaml:3: spec\.listner: unknown field "listner"/);
				assert.match(error.message, /bad\.yaml:7: spec\.backends/);
				return true;
			});
			assert.ok(!existsSync(path('mesh')));
		}));

	test('what cannot be changed is told with its place in the file, and the rest is imported', () =>
		withPlace(async ({ write, path, run, read }) => {
			write('mesh/together.json', [
				{ meshName: 'simpleapp', virtualNodeName: 'serviceA', spec: {} },
				{ meshName: 'simpleapp', virtualNodeName: 'other', spec: {} },
			]);
			const { code, printed } = await run('import', [write('guide.json', guideResources())], {
				to: path('mesh'),
				...confirmed,
			});
			assert.equal(code, 1);
			assert.match(
				printed,
				/guide\.json:\d+: mesh\/simpleapp\/virtualNode\/serviceA: it is defined at .*together\.json:\d+, together with others/,
			);
			assert.match(printed, /Done: 6 created, 0 updated, 0 unchanged, 1 left, 1 refused\n$/);
			assert.match(read('mesh'), /routeName: serviceB-route/);
		}));

	test('what would not hold together afterwards is told before anybody is asked', () =>
		withPlace(async ({ write, path, run }) => {
			const [, node] = guideResources();
			const { printed } = await run('import', [write('a.json', [{ meshName: 'simpleapp', spec: {} }, node])], {
				to: path('mesh'),
			});
			assert.match(
				printed,
				/^warning: .*a\.json:\d+: spec\.backends\[0\].*: no virtualService is called "serviceB\.simpleapp\.local"/,
			);
		}));

	test('each of the formats is imported as what it means', () =>
		withPlace(async ({ write, path, run, read }) => {
			for (const { format, files, parameters = new Map() } of guideFormats) {
				const paths = files.map((file, at) => write(`${format}/${at}/${file.path}`, file.text));
				const values = [...parameters].map((each) => each.join('=')).join(',');
				const given = { to: path(`to ${format}`), ...(values === '' ? {} : { parameters: values }), ...confirmed };
				assert.equal((await run('import', paths, given)).code, 0, format);
				assert.equal(read(`to ${format}`), guide, format);
			}
		}));

	test('--json has all of it in one object, and asks nobody', () =>
		withPlace(async ({ write, path, run }) => {
			const file = write('guide.json', guideResources());
			const { code, printed } = await run('import', [file], { to: path('mesh'), json: true });
			const { created, isApplied, refused, left } = JSON.parse(printed);
			assert.deepEqual([code, created.length, isApplied, refused, left], [2, 7, false, [], []]);
		}));

	const wrong: readonly (readonly [string, readonly string[], Given, RegExp])[] = [
		['no place', ['a'], {}, /takes files and folders of definitions, and --to/],
		['no files', [], { to: '/x' }, /takes files and folders/],
		[
			'an address that nobody knows',
			['a.json'],
			{ to: 'ftp://x/y' },
			/"ftp:\/\/x\/y" is no place of definitions: a folder, etcd:\/\/… or http:\/\/…/,
		],
		['a secret in the address', ['a.json'], { to: 'https://a:b@x' }, /is no address of an API/],
	];
	for (const [what, names, given, says] of wrong)
		test(`${what} is told`, () =>
			withPlace(async ({ write, run }) => {
				const paths = names.map((name) => write(name, guideResources()));
				await assert.rejects(run('import', paths, given), says);
			}));
});

describe('turnout mesh export', () => {
	const meshes = { guide: guideResources(), 'every field': everyField() };
	for (const [what, resources] of Object.entries(meshes))
		for (const as of ['yaml', 'cli-json'])
			test(`${what} as ${as}, imported again, is the same mesh`, () =>
				withPlace(async ({ write, path, run, read }) => {
					await run('import', [write('mesh.json', resources)], { to: path('first'), ...confirmed });
					const { code } = await run('export', [], { from: path('first'), as, to: path('out') });
					assert.equal(code, 0);
					await run('import', [path('out')], { to: path('second'), ...confirmed });
					assert.equal(read('second'), canonicalYaml(imported(resources)));
					const { printed } = await run('export', [], { from: path('first'), as });
					const again = await run('import', [write(`again.${as}.yaml`, printed)], { to: path('second') });
					assert.equal(again.code, 0, again.printed);
				}));

	test('any mesh, exported and imported again, is the same mesh', () =>
		withPlace(async ({ write, path, run }) => {
			let count = 0;
			await fc.assert(
				fc.asyncProperty(anyMesh(), fc.constantFrom('yaml', 'cli-json'), async (resources, as) => {
					count += 1;
					const text = canonicalYaml(resources);
					await run('import', [write(`${count}.yaml`, text)], { to: path(`${count}`), ...confirmed });
					const { printed } = await run('export', [], { from: path(`${count}`), as });
					assert.equal(definedIn([write(`${count}.out.yaml`, printed)]), text);
				}),
				{ numRuns: 20 },
			);
		}));

	test('a folder of files has tags, uid, version and times as they were: a back-up', () =>
		withPlace(async ({ write, path, run }) => {
			const metadata = {
				createdAt: '2026-01-01T00:00:00.000Z',
				lastUpdatedAt: '2026-01-02T00:00:00.000Z',
				uid: 'u-1',
				version: 7,
			};
			write('mesh/m.json', { meshName: 'm', spec: {}, metadata, tags: [{ key: 'a', value: 'b' }] });
			await run('export', [], { from: path('mesh'), to: path('out') });
			const text = readFileSync(path('out/m/mesh.yaml'), 'utf8');
			assert.match(text, /uid: u-1\n {2}version: 7\ntags:\n {2}- key: a/);
		}));

	test('each file of cli-json is what a command of the CLI takes', () =>
		withPlace(async ({ write, path, run }) => {
			write('mesh/all.json', guideResources());
			await run('export', [], { from: path('mesh'), as: 'cli-json', to: path('out') });
			const input = JSON.parse(readFileSync(path('out/simpleapp/virtualRouter/serviceB.json'), 'utf8'));
			assert.deepEqual(Object.keys(input), ['meshName', 'virtualRouterName', 'spec']);
		}));

	test('a folder with something in it is not written into, and one that is not there is not exported', () =>
		withPlace(async ({ write, path, run }) => {
			write('mesh/all.json', guideResources());
			write('out/notes.txt', 'mine');
			await assert.rejects(
				run('export', [], { from: path('mesh'), to: path('out') }),
				/Cannot export to .*out: there is something in it/,
			);
			assert.deepEqual(readdirSync(path('out')), ['notes.txt']);
			await assert.rejects(run('export', [], { from: path('nowhere') }), /Cannot use .*nowhere: it is not there/);
			assert.ok(!existsSync(path('nowhere')));
		}));

	test('a mistake in what is exported is told', () =>
		withPlace(async ({ write, path, run }) => {
			write('mesh/all.json', '{');
			await assert.rejects(run('export', [], { from: path('mesh') }), /Cannot export: .*all\.json:1/);
		}));
});
