import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fateOf, marksWith, newMark } from '../../../src/host/etcd/generation-marks.ts';

const after = (changes: number, former: string): string =>
	Array.from({ length: changes }, newMark).reduce((text, mark) => marksWith(mark, text), former);

test('a change finds itself among those that came after it', () => {
	for (const former of ['', after(1, ''), after(500, ''), '6c84fb90-12c4-11e1-840d-7b25c5ee775a']) {
		const mark = newMark();
		for (const others of [0, 1, 127])
			assert.equal(fateOf(mark, former, after(others, marksWith(mark, former))), 'made');
	}
});

test('one that is not among those that came after what it was checked against will never be made', () => {
	for (const former of ['', after(3, ''), after(500, ''), '6c84fb90-12c4-11e1-840d-7b25c5ee775a'])
		for (const others of [1, 2, 127]) assert.equal(fateOf(newMark(), former, after(others, former)), 'never');
});

test('it is not known while nothing has changed, nor after more changes than are kept, nor after somebody wrote otherwise', () => {
	const former = after(3, '');
	assert.equal(fateOf(newMark(), '', ''), undefined);
	assert.equal(fateOf(newMark(), former, former), undefined);
	assert.equal(fateOf(newMark(), former, after(128, former)), undefined);
	assert.equal(fateOf(newMark(), '', after(128, '')), undefined);
	assert.equal(fateOf(newMark(), former, '6c84fb90-12c4-11e1-840d-7b25c5ee775a'), undefined);
	assert.equal(fateOf(newMark(), former, ''), undefined);
	const mark = newMark();
	assert.equal(fateOf(mark, former, after(128, marksWith(mark, former))), undefined);
});
