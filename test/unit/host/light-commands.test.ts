// Loading execa takes as long as a whole `init`: commands whose start counts do without it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const src = join(import.meta.dirname, '../../../src');
const refuse = `data:text/javascript,${encodeURIComponent(`
	import { registerHooks } from 'node:module';
	registerHooks({
		resolve(name, context, next) {
			if (name === 'execa') throw new Error('execa is loaded');
			return next(name, context);
		},
	});`)}`;

for (const words of [['render', '--app-ports', '8080'], ['status', '--socket', '/nowhere/socket'], ['--help']])
	test(`turnout ${words[0]} runs without execa`, () => {
		const { stdout, stderr } = spawnSync(process.execPath, ['--import', refuse, join(src, 'main.ts'), ...words], {
			encoding: 'utf8',
		});
		assert.doesNotMatch(stdout + stderr, /execa/);
		assert.match(stdout + stderr, /TURNOUT|turnout/i);
	});

test('init, clean and revert, and all that the daemon starts with, load without execa', () => {
	const files = ['init', 'clean', 'revert', 'route-manager', 'run/run'].map((name) => join(src, `commands/${name}.ts`));
	const load = `for (const file of ${JSON.stringify(files.map((file) => pathToFileURL(file).href))}) await import(file);`;
	execFileSync(process.execPath, ['--import', refuse, '--input-type=module', '--eval', load], { stdio: 'pipe' });
});

test('where execa is loaded, this test would see it', () => {
	const load = `await import(${JSON.stringify(pathToFileURL(join(src, 'host/process/execa-run.ts')).href)});`;
	const args = ['--import', refuse, '--input-type=module', '--eval', load];
	assert.throws(() => execFileSync(process.execPath, args, { stdio: 'pipe' }), /execa is loaded/);
});
