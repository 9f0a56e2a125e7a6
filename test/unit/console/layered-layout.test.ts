import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layOut } from '../../../src/console/layered-layout.ts';

const boxesOf = (names: Iterable<string>) => [...names].map((id) => ({ id, width: 100, height: 40 }));
const edge = (from: string, to: string, labelWidth = 0) => ({ from, to, labelWidth });

test('what is called stands to the right of what calls it', () => {
	const { corners } = layOut(boxesOf('abcd'), [edge('a', 'b'), edge('b', 'c'), edge('a', 'c'), edge('c', 'd')]);
	const xs = [...'abcd'].map((id) => corners.get(id)?.x ?? -1);
	assert.deepEqual(
		xs,
		xs.toSorted((a, b) => a - b),
	);
	assert.equal(new Set(xs).size, 4);
});

test('there is room for what stands on a line', () => {
	const { corners } = layOut(boxesOf('abc'), [edge('a', 'b', 300), edge('b', 'c')]);
	const gap = (left: string, right: string) => (corners.get(right)?.x ?? 0) - (corners.get(left)?.x ?? 0) - 100;
	assert.ok(gap('a', 'b') > 300 && gap('b', 'c') < 100);
});

test('two that call each other are drawn, with a line each', () => {
	const { corners, lines } = layOut(boxesOf('ab'), [edge('a', 'b'), edge('b', 'a'), edge('b', 'b')]);
	assert.equal(corners.size, 2);
	assert.equal(lines.length, 3);
});

test('no two boxes overlap, and all are within the picture, whatever leads where', () => {
	const names = 'abcdefghijkl';
	const name = fc.constantFrom(...names);
	fc.assert(
		fc.property(fc.array(fc.record({ from: name, to: name, labelWidth: fc.nat(140) }), { maxLength: 40 }), (edges) => {
			const { corners, lines, width, height } = layOut(boxesOf(names), edges);
			assert.equal(lines.length, edges.length);
			const all = [...corners.values()];
			for (const [at, { x, y }] of all.entries()) {
				assert.ok(
					x >= 0 && y >= -0.001 && x + 100 <= width && y + 40 <= height + 0.001,
					`${x} ${y} of ${width} ${height}`,
				);
				for (const other of all.slice(at + 1))
					assert.ok(Math.abs(other.x - x) >= 100 || Math.abs(other.y - y) >= 40, 'two overlap');
			}
			for (const { x, y } of lines.flat()) assert.ok(Number.isFinite(x) && Number.isFinite(y));
		}),
	);
});

test('a mesh of a thousand resources is laid out in a moment, and a chain of as many does not end the stack', () => {
	const boxes = Array.from({ length: 1_000 }, (_, at) => ({ id: `${at}`, width: 100, height: 40 }));
	const begun = performance.now();
	layOut(
		boxes,
		boxes.slice(1).map(({ id }) => edge(`${Number(id) - 1}`, id)),
	);
	layOut(
		boxes,
		boxes.slice(1).map(({ id }) => edge(`${Math.floor(Number(id) / 4)}`, id)),
	);
	assert.ok(performance.now() - begun < 3_000);
});
