// A clone in which nothing is installed yet.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createScratch } from './lab/net/scratch.ts';
import { root } from './support/pages.ts';

const folder = join(root, 'scripts');

for (const name of ['test', 'demo', 'soak', 'bench', 'package', 'image'])
	test(`scripts/${name} installs what is missing before it uses any of it`, { skip: process.getuid?.() !== 0 }, () => {
		using clone = createScratch('clone');
		cpSync(folder, join(clone.path, 'scripts'), { recursive: true });
		writeFileSync(join(clone.path, 'scripts/setup'), '#!/bin/sh\necho installing\nexit 9\n');
		const { status, stdout, stderr } = spawnSync(join(clone.path, 'scripts', name), { encoding: 'utf8', cwd: '/' });
		assert.deepEqual({ status, stdout, stderr }, { status: 9, stdout: 'installing\n', stderr: '' });
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
