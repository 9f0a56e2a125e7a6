import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, canonicalYaml } from '../../../src/mesh/canonical.ts';
import { type DefinitionFile, importFiles } from '../../../src/mesh/import-files.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import type { Resource } from '../../../src/mesh/resource.ts';
import { kinds } from '../../../src/mesh/schema/kinds.ts';
import type { Shape } from '../../../src/mesh/schema/shape.ts';
import { renderMesh } from '../../property/render-mesh.ts';
import { formats, sayable } from '../../support/mesh-formats.ts';
import { anyMesh } from '../../support/valid-mesh.ts';

const written = (resources: readonly Resource[]): DefinitionFile[] => [
	{ path: 'mesh.json', text: canonicalJson(resources) },
];

/** What would be wrong with a mesh is told with its definitions. */
const all = (runs: number, check: (mesh: readonly Resource[]) => void, meshes = anyMesh()): void =>
	fc.assert(fc.property(meshes, check), { numRuns: runs });

describe('any valid mesh', () => {
	test('has no mistake', () => {
		all(100, (mesh) => assert.deepEqual(loadMesh(written(mesh)).errors, []));
	});

	test('is rendered for each node and gateway, whatever they are called', () => {
		all(60, (mesh) => assert.ok(renderMesh(written(mesh)).length > 0));
	});

	for (const [format, write] of Object.entries(formats))
		test(`is the same as ${format}, and gives the same snapshots`, () => {
			all(25, (given) => {
				const mesh = /terraform/i.test(format) ? sayable(given) : given;
				const { resources, errors } = importFiles(write(mesh), new Map());
				assert.deepEqual(errors, []);
				assert.equal(canonicalYaml(resources), canonicalYaml(mesh));
				assert.equal(snapshotsOf(write(mesh)), snapshotsOf(written(mesh)));
			});
		});

	test('with acm or awsCloudMap in it is refused for that alone', () => {
		const check = (mesh: readonly Resource[]) => {
			const { errors } = loadMesh(written(mesh));
			for (const { path, why } of errors) assert.match(`${path}: ${why}`, /\.(acm|awsCloudMap): \1 is not supported$/);
		};
		all(100, check, anyMesh('/certificates', true));
	});

	test('has every field that there is, sooner or later', () => {
		const seen = new Set<string>();
		for (const mesh of fc.sample(anyMesh('/certificates', true), { numRuns: 400, seed: 1 }))
			for (const { kind, spec } of mesh) addPaths(seen, spec, kind);
		const every = Object.entries(kinds).flatMap(([kind, shape]) => pathsOf(shape, kind));
		assert.ok(every.length > 250);
		assert.deepEqual(
			every.filter((path) => !seen.has(path)),
			[],
		);
	});
});

/** In the order of their names: that of files is chance. */
const snapshotsOf = (files: readonly DefinitionFile[]): string =>
	JSON.stringify(
		renderMesh(files)
			.map(({ id, snapshot }) => ({ id, snapshot }))
			.sort((a, b) => (a.id < b.id ? -1 : 1)),
	);

function pathsOf(shape: Shape, path: string): string[] {
	if (shape.kind === 'list') return pathsOf(shape.of, path);
	if (shape.kind !== 'object' && shape.kind !== 'union') return [path];
	const fields = Object.entries({ ...shape.required, ...shape.optional });
	return [path, ...fields.flatMap(([key, field]) => pathsOf(field, `${path}.${key}`))];
}

function addPaths(seen: Set<string>, value: unknown, path: string): void {
	seen.add(path);
	if (Array.isArray(value)) for (const item of value) addPaths(seen, item, path);
	else if (typeof value === 'object' && value !== null)
		for (const [key, inner] of Object.entries(value)) addPaths(seen, inner, `${path}.${key}`);
}
