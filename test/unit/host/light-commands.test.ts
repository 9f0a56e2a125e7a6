// Loading execa takes as long as a whole `init`, and Node's crypto 6 ms: commands whose start counts do without them.
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
			if (name === process.env.REFUSED) throw new Error(name + ' is loaded');
			return next(name, context);
		},
	});`)}`;

const refusing = (refused: string) => ({ ...process.env, REFUSED: refused });

for (const words of [['render', '--app-ports', '8080'], ['status', '--socket', '/nowhere/socket'], ['--help']])
	test(`turnout ${words[0]} runs without execa`, () => {
		const args = ['--import', refuse, join(src, 'main.ts'), ...words];
		const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: refusing('execa') });
		assert.doesNotMatch(stdout + stderr, /execa/);
		assert.match(stdout + stderr, /TURNOUT|turnout/i);
	});

const started = ['init', 'clean', 'revert', 'route-manager', 'run/run'].map((name) => `commands/${name}.ts`);

/** Loads these files in a process of its own that may not load `refused`. */
function load(files: readonly string[], refused: string): void {
	const urls = files.map((file) => pathToFileURL(join(src, file)).href);
	const program = `for (const file of ${JSON.stringify(urls)}) await import(file);`;
	const args = ['--import', refuse, '--input-type=module', '--eval', program];
	execFileSync(process.execPath, args, { stdio: 'pipe', env: refusing(refused) });
}

test('init, clean and revert, and all that the daemon starts with, load without execa', () => {
	load(started, 'execa');
});

test("init and clean load without Node's crypto", () => {
	load(['commands/init.ts', 'commands/clean.ts'], 'node:crypto');
});

test('where they are loaded, this test would see it', () => {
	assert.throws(() => load(['host/process/execa-run.ts'], 'execa'), /execa is loaded/);
	assert.throws(() => load(['host/envoy/bootstrap-files.ts'], 'node:crypto'), /node:crypto is loaded/);
});
