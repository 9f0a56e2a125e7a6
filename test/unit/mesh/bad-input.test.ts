import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkShape } from '../../../src/mesh/check-shape.ts';
import { loadMesh } from '../../../src/mesh/load-mesh.ts';
import { mistakeLine } from '../../../src/mesh/mistake-line.ts';
import { kinds } from '../../../src/mesh/schema/kinds.ts';
import type { Shape } from '../../../src/mesh/schema/shape.ts';
import { warningsOf } from '../../../src/mesh/warnings.ts';
import { nodeSnapshot } from '../../../src/xds/node-snapshot.ts';
import { everyField } from '../../support/every-field.ts';
import { formats } from '../../support/mesh-formats.ts';
import { loadResources, ports } from '../../support/rendered.ts';

/** Each shape that is there, by the path where it stands first. */
function shapesOf(shape: Shape, path: string): (readonly [string, Shape])[] {
	if (shape.kind === 'list') return [[path, shape], ...shapesOf(shape.of, `${path}[]`)];
	if (shape.kind !== 'object' && shape.kind !== 'union') return [[path, shape]];
	const fields = Object.entries({ ...shape.required, ...shape.optional });
	return [[path, shape], ...fields.flatMap(([key, field]) => shapesOf(field, `${path}.${key}`))];
}

const every = Object.entries(kinds).flatMap(([kind, shape]) => shapesOf(shape, kind));
const whyOf = (shape: Shape, value: unknown): string[] => checkShape(shape, value).map(({ why }) => why);

describe('each field of the API', () => {
	test('is bounded on both sides: the bound itself is taken, and what is beyond is told', () => {
		const sized = (shape: Shape, size: number): unknown =>
			shape.kind === 'integer' ? size : shape.kind === 'list' ? Array(size).fill(undefined) : '😀'.repeat(size);
		const isOut = (shape: Shape, size: number): boolean =>
			whyOf(shape, sized(shape, size)).some((why) =>
				/out of bounds|^it (is empty|has \d+ (characters|items))$/.test(why),
			);
		const lowest = every.flatMap(([path, shape]) => ('min' in shape ? [{ path, shape, min: shape.min ?? 0 }] : []));
		const highest = every.flatMap(([path, shape]) => ('max' in shape ? [{ path, shape, max: shape.max ?? 0 }] : []));
		assert.ok(lowest.length + highest.length > 200);
		for (const { path, shape, min } of lowest) {
			assert.ok(!isOut(shape, min), path);
			assert.ok((min === 0 && shape.kind !== 'integer') || isOut(shape, min - 1), path);
		}
		for (const { path, shape, max } of highest) {
			assert.ok(!isOut(shape, max), path);
			assert.ok(isOut(shape, max + 1), path);
		}
	});

	test('has one type, and takes no other', () => {
		const values = { string: 'x', integer: 1, boolean: true, list: [], object: {} };
		for (const [path, shape] of every)
			for (const [type, value] of Object.entries(values)) {
				const fits = type === shape.kind || (type === 'object' && shape.kind === 'union');
				const isTold = whyOf(shape, value).some((why) => / is not (a|an|true) /.test(why));
				assert.equal(isTold, !fits, `${path}: ${type}`);
			}
	});

	test('of those of which there is one, none and two are told', () => {
		const unions = every.filter(([, shape]) => shape.kind === 'union');
		assert.ok(unions.length > 20);
		for (const [path, shape] of unions) {
			if (shape.kind !== 'union') continue;
			const [first = '', second] = Object.keys(shape.optional);
			assert.ok(whyOf(shape, {}).includes('exactly one field is needed, but none is there'), path);
			if (second === undefined) continue;
			const told = whyOf(shape, { [first]: {}, [second]: {} });
			assert.ok(told.includes(`exactly one field is needed, but ${first} and ${second} are there`), path);
		}
	});
});

/** Paths of all texts in a value. */
function textsIn(value: unknown, path: readonly string[] = []): string[][] {
	if (typeof value === 'string') return [[...path]];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) => textsIn(inner, [...path, key]));
}

function put(value: unknown, [key = '', ...below]: readonly string[], text: string): unknown {
	if (Array.isArray(value)) return value.map((item, at) => (String(at) === key ? put(item, below, text) : item));
	if (typeof value !== 'object' || value === null) return text;
	return Object.fromEntries(
		Object.entries(value).map(([name, inner]) => [name, name === key ? put(inner, below, text) : inner]),
	);
}

test('a very long text in place of any other is told in a line that can be read, in no time', () => {
	const long = 'x'.repeat(100_000);
	const mesh = everyField('/certificates');
	const seen = new Set<string>();
	for (const path of textsIn(mesh)) {
		const name = path.filter((part) => !/^\d+$/.test(part)).join('.');
		if (seen.has(name)) continue;
		seen.add(name);
		const { errors, catalogs } = loadResources(put(mesh, path, long) as readonly object[]);
		for (const each of errors.length > 0 ? errors : catalogs.flatMap(warningsOf)) {
			assert.ok(mistakeLine(each).length < 1_500, `${name}: ${mistakeLine(each).length}`);
		}
	}
	assert.ok(seen.size > 40);
});

test('a megabyte as a key is told in a line that can be read, whatever the format', () => {
	const long = 'x'.repeat(1_000_000);
	const spec = { listeners: [], [long]: 1 };
	const place = (path: string) => ({ file: 'x', line: 1, path });
	const node = { kind: 'virtualNode', mesh: 'm', name: 'n', parent: '', spec, placeOf: place } as const;
	for (const [format, write] of Object.entries(formats)) {
		const { errors } = loadMesh(write([node as never]));
		if (!/terraform/i.test(format)) assert.ok(errors.length > 0, format);
		for (const each of errors) assert.ok(mistakeLine(each).length < 1_500, `${format}: ${mistakeLine(each).length}`);
	}
	const keys = `{"meshName": "m", "virtualNodeName": "n", "${long}": 1}`;
	for (const each of loadMesh([{ path: 'x', text: keys }]).errors) assert.ok(mistakeLine(each).length < 1_500);
});

test('a mesh that belongs to another account is a mesh like any other', () => {
	const shared = { meshName: 'm', meshOwner: '210987654321' };
	const { errors, catalogs } = loadResources([
		{ ...shared, spec: {} },
		{ ...shared, virtualNodeName: 'n', spec: { backends: [] }, tags: [] },
	]);
	assert.deepEqual([errors, catalogs.map(({ mesh }) => mesh)], [[], ['m']]);
});

test('two meshes may have a node of the same name; the one that is asked for is told where it is not there', () => {
	const loaded = loadResources(
		['a', 'b'].map((meshName) => ({ meshName, virtualNodeName: 'n', spec: { backends: [], logging: {} } })),
	);
	assert.deepEqual(loaded.errors, []);
	const of = (mesh: string, name: string) => nodeSnapshot(loaded, { mesh, kind: 'virtualNode', name }, ports);
	assert.notDeepEqual(of('a', 'n'), of('b', 'n'));
	for (const [mesh, name] of [
		['a', 'x'],
		['c', 'n'],
	] as const)
		assert.throws(
			() => of(mesh, name),
			(error) =>
				error instanceof Error &&
				error.message.startsWith(`The definitions have no mesh/${mesh}/virtualNode/${name}, which mesh.node `) &&
				'remedy' in error &&
				error.remedy === 'They have: mesh/a/virtualNode/n, mesh/b/virtualNode/n',
		);
});
