import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../../src/failure.ts';
import { readSecretFile } from '../../../src/host/files/read-secret-file.ts';
import { createScratch } from '../../lab/net/scratch.ts';

function messageOf(path: string): string {
	try {
		readSecretFile(path);
	} catch (error) {
		assert.ok(error instanceof Failure);
		return error.message;
	}
	assert.fail(`${path} is read`);
}

for (const mode of [0o600, 0o400])
	test(`a file of mode ${mode.toString(8)} is read, also through a link`, () => {
		using scratch = createScratch('secret-file');
		const path = join(scratch.path, 'keys.json');
		writeFileSync(path, '{}', { mode });
		symlinkSync(path, join(scratch.path, 'link'));
		assert.equal(readSecretFile(path), '{}');
		assert.equal(readSecretFile(join(scratch.path, 'link')), '{}');
	});

for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o644])
	test(`a file of mode ${mode.toString(8)} is refused, since others are let at it`, () => {
		using scratch = createScratch('secret-file');
		const path = join(scratch.path, 'keys.json');
		writeFileSync(path, '{}');
		chmodSync(path, mode);
		assert.match(messageOf(path), new RegExp(`its mode is ${mode.toString(8)}, so that others may`));
	});

test('a folder, a pipe and a file that is not there are refused without waiting', () => {
	using scratch = createScratch('secret-file');
	mkdirSync(join(scratch.path, 'folder'));
	execFileSync('mkfifo', ['-m', '600', join(scratch.path, 'pipe')]);
	assert.match(messageOf(join(scratch.path, 'folder')), /it is not a regular file/);
	assert.match(messageOf(join(scratch.path, 'pipe')), /it is not a regular file/);
	assert.match(messageOf(join(scratch.path, 'none')), /no such file or directory/);
});

test('a file of another user, who could change it, is refused', { skip: process.geteuid?.() !== 0 }, () => {
	using scratch = createScratch('secret-file');
	const path = join(scratch.path, 'keys.json');
	writeFileSync(path, '{}', { mode: 0o600 });
	chownSync(path, 65_534, 65_534);
	assert.match(messageOf(path), /it belongs to user 65534, who could change it/);
});
