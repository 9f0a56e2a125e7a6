import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asResource } from '../../../src/console/check-draft.ts';
import { around, loadTo, nodeState, pictureOf, startOf } from '../../../src/console/picture.ts';
import { createCatalog } from '../../../src/mesh/catalog.ts';
import { graphOf } from '../../../src/mesh/show/graph.ts';
import { loadText } from '../../../src/mesh/show/upstream-load.ts';
import { guideShown } from '../../support/shown-mesh.ts';

const picture = pictureOf(graphOf([createCatalog('simpleapp', guideShown().map(asResource))]));
const box = (name: string) => {
	const found = picture.boxes.find((each) => each.name === name && each.kind !== 'virtualRouter');
	assert.ok(found);
	return found;
};

test('the picture has who calls what, by which weights', () => {
	const lines = picture.edges.map(({ from, to, labels }) => `${from.name} → ${to.name}: ${labels.join('; ')}`);
	assert.deepEqual(lines, [
		'serviceA → serviceB.simpleapp.local: ',
		'serviceB.simpleapp.local → serviceB: ',
		'serviceB → serviceB: 90 · prefix /',
		'serviceB → serviceBv2: 10 · prefix /',
	]);
});

test('around one box are those that lead to it and those that it leads to', () => {
	const names = (id: string) =>
		around(picture, id)
			.boxes.map(({ name }) => name)
			.toSorted();
	assert.deepEqual(names(box('serviceBv2').id), ['serviceA', 'serviceB', 'serviceB.simpleapp.local', 'serviceBv2']);
	assert.deepEqual(names(box('serviceA').id).length, 5);
});

test('a large mesh begins with a part of it', () => {
	assert.equal(startOf(picture), '');
	const boxes = Array.from({ length: 100 }, (_, at) => ({
		id: String(at),
		kind: 'virtualNode' as const,
		mesh: 'm',
		name: String(at),
	}));
	assert.equal(startOf({ boxes, edges: [] }), '0');
});

test('a node says whether its Envoys are there, and took what they were sent', () => {
	const status = { node: 'mesh/simpleapp/virtualNode/serviceA', connected: 2, settled: 2, version: 'x' };
	const of = (more: object) => nodeState([{ ...status, ...more }], box('serviceA'))?.text;
	assert.equal(of({}), '2 Envoys');
	assert.equal(of({ settled: 1 }), '1 of 2 up to date');
	assert.equal(of({ rejected: { why: 'no' } }), 'rejected');
	assert.equal(of({ trouble: 'no' }), 'held up');
	assert.equal(of({ node: 'mesh/simpleapp/virtualNode/other' }), 'no Envoy here');
	assert.equal(nodeState(undefined, box('serviceA')), undefined);
	assert.equal(nodeState([status], box('serviceB.simpleapp.local')), undefined);
});

test('a node says what it gets from all that report it, and nothing where nobody does', () => {
	const status = { connected: 1, settled: 1, version: 'x' };
	const to = 'mesh/simpleapp/virtualNode/serviceB';
	const nodes = [
		{ ...status, node: 'a', load: [{ node: to, requests: 0.1, succeeded: 0.1, failed: 0 }] },
		{ ...status, node: 'b', load: [{ node: to, requests: 0.2, succeeded: 0.1, failed: 0.2 }] },
		{ ...status, node: 'c' },
	];
	assert.deepEqual(loadTo(nodes, box('serviceB')), { requests: 0.3, succeeded: 0.2, failed: 0.2 });
	assert.equal(loadTo(nodes, box('serviceBv2')), undefined);
	assert.equal(loadTo(undefined, box('serviceB')), undefined);
});

test('in words: how many, and which share of them failed', () => {
	const text = (requests: number, succeeded: number, failed: number) => loadText({ requests, succeeded, failed });
	assert.deepEqual(
		[text(0, 0, 0), text(0.02, 0, 0), text(4.25, 4, 0), text(1234.5, 1000, 1), text(12.3, 5, 5), text(0, 0, 1)],
		['0/s', '<0.1/s', '4.3/s', '1235/s, <0.1% errors', '12/s, 50% errors', '0/s, 100% errors'],
	);
});
