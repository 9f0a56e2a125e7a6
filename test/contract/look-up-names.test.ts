import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookUpNames } from '../../src/host/process/look-up-names.ts';

const signal = new AbortController().signal;

test('names have their addresses, and what is no name is not looked up', async () => {
	const found = await lookUpNames(['localhost', '127.0.0.1', '--help', 'a b', ''], 10_000, signal);
	assert.ok(found.get('localhost')?.some((address) => ['127.0.0.1', '::1'].includes(address)));
	assert.deepEqual(found.get('127.0.0.1'), ['127.0.0.1']);
	for (const text of ['--help', 'a b', '']) assert.equal(found.get(text), undefined);
});

test('a name that there cannot be has no address', async () =>
	assert.ok(
		[undefined, 0].includes((await lookUpNames(['name.invalid'], 10_000, signal)).get('name.invalid')?.length),
	));

test('nothing is known of any name once the time is over', async () => {
	const found = await lookUpNames(['localhost'], 0, AbortSignal.abort());
	assert.deepEqual([...found], [['localhost', undefined]]);
});
