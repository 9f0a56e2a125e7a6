// What `scripts/build` has made.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sameCodes } from '../scripts/packaging/payload.ts';
import { root } from './support/pages.ts';

const lib = join(root, 'dist/lib');
const launcher = readFileSync(join(root, 'dist/turnout'), 'utf8');
/** Those that the launcher starts Node with. */
const optionsFor = (word: string): string[] => {
	const [, options] = new RegExp(`^(?:\\w+ \\| )*${word}\\b.*options='([^']*)'`, 'm').exec(launcher) ?? [];
	return options?.split(' ') ?? [];
};

test('the daemon and commands whose start counts are started with options, and no variable of the same name is one', () => {
	for (const word of ['run', 'control', 'init', 'clean']) assert.notEqual(optionsFor(word).length, 0, word);
	assert.deepEqual([optionsFor('version'), optionsFor('status')], [[], []]);
	const env = { PATH: process.env['PATH'], options: '--version' };
	const { stdout } = spawnSync(join(root, 'dist/turnout'), ['version'], { encoding: 'utf8', env });
	assert.match(stdout, /^turnout /);
});

for (const [who, word] of [
	['a command', 'version'],
	['init', 'init'],
	['clean', 'clean'],
	['status', 'status'],
	['the daemon', 'run'],
] as const)
	test(`${who} starts from code that V8 has compiled before, under the same options`, () => {
		const program = `
			process.argv.splice(1, process.argv.length, 'turnout', '${word}', '--help');
			process.stdout.write = () => true;
			const { codeOf, start } = require('./turnout.cjs');
			require('node:fs').accessSync(codeOf(${JSON.stringify(lib)}));
			process.stderr.write(String(start(${JSON.stringify(lib)}).cachedDataRejected));`;
		const { stderr } = spawnSync(join(lib, 'node'), [...optionsFor(word), '-'], {
			cwd: lib,
			input: program,
			encoding: 'utf8',
		});
		assert.equal(stderr, 'false');
	});

test('what packages keep of the compiled code is there', () => {
	assert.ok(sameCodes.length > 0);
	for (const name of sameCodes) assert.ok(existsSync(join(lib, name)), name);
});

test('its bill of materials has Node and what is in the bundle, each with license and hash, and nothing else', () => {
	const read = <T>(path: string) => JSON.parse(readFileSync(join(root, path), 'utf8')) as T;
	const { components } = read<{ components: Readonly<Record<string, unknown>>[] }>('dist/sbom.cdx.json');
	const names = components.map(({ name }) => name);
	const { dependencies } = read<{ dependencies: Readonly<Record<string, string>> }>('package.json');
	for (const name of ['node', ...Object.keys(dependencies)]) assert.ok(names.includes(name), name);
	// Of the developer's tools, and what scripts/build leaves out.
	for (const name of ['typescript', 'ssh2', 'cpu-features']) assert.ok(!names.includes(name), name);
	for (const { name, licenses, hashes } of components) assert.ok(licenses && (hashes || name === 'node'), String(name));
});
