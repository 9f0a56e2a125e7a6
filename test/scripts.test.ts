// A clone in which nothing is installed yet.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScratch } from './lab/net/scratch.ts';
import { root } from './support/pages.ts';

const folder = join(root, 'scripts');
const texts = readdirSync(folder, { withFileTypes: true })
	.filter((entry) => entry.isFile())
	.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')] as const);
const shell = texts.filter(([, text]) => text.startsWith('#!/bin/sh'));

test('every script looks whether the packages are there, or installs them, before it uses one', () => {
	const using = shell.filter(([name, text]) => name !== 'installed' && text.includes('node_modules/.bin/'));
	assert.ok(using.length >= 8);
	for (const [name, text] of using)
		assert.match(text.split('node_modules/.bin/')[0] ?? '', /^\t?scripts\/(installed|setup)\b/m, name);
});

for (const [name, ...args] of [['build'], ['check'], ['fuzz'], ['tables', '--check'], ['bench', '--help']] as const)
	test(`scripts/${[name, ...args].join(' ')} says what to run where the packages are not installed, or not wholly`, () => {
		using clone = createScratch('clone');
		cpSync(folder, join(clone.path, 'scripts'), { recursive: true });
		const run = () => spawnSync(join(clone.path, 'scripts', name), args, { encoding: 'utf8', cwd: '/' });
		const assertSaid = () => {
			const { status, stdout, stderr } = run();
			const said = 'The packages of package-lock.json are not installed here; scripts/setup installs them\n';
			assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: said });
		};
		assertSaid();
		mkdirSync(join(clone.path, 'node_modules/.bin'), { recursive: true });
		writeFileSync(join(clone.path, 'node_modules/.bin/node'), '#!/bin/sh\n', { mode: 0o755 });
		assertSaid();
	});
