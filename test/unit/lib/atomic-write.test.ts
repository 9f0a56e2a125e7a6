import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from '../../../src/lib/atomic-write.ts';
import { createScratch } from '../../lab/net/scratch.ts';

test('a file that cannot be replaced leaves no draft behind', async () => {
	using scratch = createScratch('replace');
	mkdirSync(join(scratch.path, 'folder/in-it'), { recursive: true });
	await assert.rejects(replaceFile(join(scratch.path, 'folder'), 'text', { mode: 0o600 }));
	assert.deepEqual(readdirSync(scratch.path), ['folder']);
});

test('a link in the place of the draft is not written through', async () => {
	using scratch = createScratch('replace');
	const [path, other] = [join(scratch.path, 'file'), join(scratch.path, 'other')];
	writeFileSync(path, 'former');
	chmodSync(path, 0o640);
	writeFileSync(other, 'of somebody else');
	symlinkSync(other, `${path}.part`);
	symlinkSync(other, `${path}.new`);
	assert.equal(await replaceFile(path, 'text', { mode: 0o600 }), true);
	assert.equal(readFileSync(other, 'utf8'), 'of somebody else');
	assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['text', 0o640]);
	assert.deepEqual(readdirSync(scratch.path).toSorted(), ['file', 'other']);
});
