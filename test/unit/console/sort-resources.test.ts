import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderAfter, parseOrder, sorted } from '../../../src/console/sort-resources.ts';
import type { ShownResource } from '../../../src/mesh/console-protocol.ts';

const resource = (name: string, version: number, updatedAt: string): ShownResource => ({
	...{ kind: 'virtualNode', mesh: 'm', parent: '', name, version, updatedAt, createdAt: updatedAt },
	...{ arn: name, uid: name, tags: [], revision: '', spec: {} },
});
const all = [
	resource('n10', 1, '2026-11-30T08:00:00.000Z'),
	resource('n2', 3, '2026-11-30T09:00:00.000Z'),
	resource('n1', 1, '2026-11-29T08:00:00.000Z'),
];
const names = (order?: string) =>
	sorted(all, parseOrder(order))
		.map(({ name }) => name)
		.join();

test('resources are sorted by any column, up and down, and by names where that has the same', () => {
	for (const nothing of [undefined, 'Name', 'none', '-', '__proto__']) assert.equal(names(nothing), 'n1,n2,n10');
	assert.equal(names('-Name'), 'n10,n2,n1');
	assert.equal(names('Version'), 'n1,n10,n2');
	assert.equal(names('-Changed'), 'n2,n10,n1');
});

test('a column that is pressed again is sorted the other way', () => {
	const pressed = ['Name', 'Changed', 'Changed', 'Changed'] as const;
	const orders: string[] = [];
	for (const column of pressed) orders.push(orderAfter(parseOrder(orders.at(-1)), column));
	assert.deepEqual(orders, ['-Name', 'Changed', '-Changed', 'Changed']);
});
