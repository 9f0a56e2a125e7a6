// What `scripts/build` has made.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from './support/pages.ts';

const lib = join(root, 'dist/lib');
const launcher = readFileSync(join(root, 'dist/turnout'), 'utf8');
const [, daemonOptions = ''] = /small='([^']*)'/.exec(launcher) ?? [];

for (const [who, word, options] of [
	['a command', 'version', []],
	['init', 'init', []],
	['clean', 'clean', []],
	['status', 'status', []],
	['the daemon', 'version', daemonOptions.split(' ')],
] as const)
	test(`${who} starts from code that V8 has compiled before, under the same options`, () => {
		const program = `
			process.argv.splice(1, process.argv.length, 'turnout', '${word}', '--help');
			process.stdout.write = () => true;
			const { codeOf, start } = require('./turnout.cjs');
			require('node:fs').accessSync(codeOf(${JSON.stringify(lib)}));
			process.stderr.write(String(start(${JSON.stringify(lib)}).cachedDataRejected));`;
		const { stderr } = spawnSync(join(lib, 'node'), [...options, '-'], { cwd: lib, input: program, encoding: 'utf8' });
		assert.equal(stderr, 'false');
	});
