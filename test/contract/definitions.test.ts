import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/failure.ts';
import { readDefinitions } from '../../src/host/files/definitions.ts';
import { createScratch } from '../lab/net/scratch.ts';

/** In a folder that has a good file too. */
function withFolder(act: (folder: string) => void): void {
	using scratch = createScratch('definitions');
	writeFileSync(join(scratch.path, 'good.json'), '{}');
	act(scratch.path);
}

const namesIn = (folder: string): string[] =>
	readDefinitions([folder]).map(({ path }) => path.slice(folder.length + 1));

const toldOf = (path: string): string => {
	try {
		readDefinitions([path]);
		return 'nothing';
	} catch (error) {
		assert.ok(error instanceof Failure);
		return `${error.code}: ${error.message}`;
	}
};

const strange: readonly (readonly [what: string, make: (path: string) => void, why: RegExp])[] = [
	['a pipe, which nobody writes into', (path) => void execFileSync('mkfifo', [path]), /: it is not a regular file$/],
	['a link to a folder', (path) => symlinkSync('..', path), /: it is not a regular file$/],
	['a link to itself', (path) => symlinkSync(path, path), /: its symbolic links form a loop$/],
	['a link to nothing', (path) => symlinkSync('nothing', path), /: no such file or directory$/],
	['a device', (path) => symlinkSync('/dev/null', path), /: it is not a regular file$/],
	[
		'a file of 17 MB',
		(path) => {
			writeFileSync(path, '');
			truncateSync(path, 17 * 1024 * 1024);
		},
		/: it has over 16777216 bytes$/,
	],
];

for (const [what, make, why] of strange)
	test(`${what} among the definitions is told by its name`, () => {
		withFolder((folder) => {
			const path = join(folder, 'strange.yaml');
			make(path);
			const told = toldOf(folder);
			assert.ok(told.startsWith(`config: Cannot read the definitions ${path}: `), told);
			assert.match(told, why);
		});
	});

test('folders below are read too, hidden files and those of editors are not, and links to files are', () => {
	withFolder((folder) => {
		mkdirSync(join(folder, 'below.json'));
		for (const name of ['below.json/a.yml', '.b.yaml', 'c.yaml~', 'd.yaml.swp', 'e.template', '#f.yaml#', '4913'])
			writeFileSync(join(folder, name), '{}');
		symlinkSync('e.template', join(folder, 'g.tfstate'));
		assert.deepEqual(namesIn(folder), ['below.json/a.yml', 'e.template', 'g.tfstate', 'good.json']);
	});
});

test('files that come and go, or are replaced as editors do, while they are read: each is whole or not there', () => {
	withFolder((folder) => {
		using _editor = startEditor(folder);
		const seen = new Set<number>();
		for (const end = performance.now() + 1_000; performance.now() < end || seen.size < 2; ) {
			const found = readDefinitions([folder]);
			seen.add(found.length);
			for (const { path, text } of found) assert.equal(text, path.endsWith('good.json') ? '{}' : '{"a": 1}');
		}
	});
});

function startEditor(folder: string): Disposable {
	const script = `
			const { renameSync, rmSync, writeFileSync } = require('node:fs');
			for (let at = 0; ; at += 1) {
				const name = '${folder}/' + at % 20;
				writeFileSync(name, '{"a": 1}');
				renameSync(name, name + '.json');
				if (at >= 10) rmSync('${folder}/' + (at - 10) % 20 + '.json', { force: true });
			}`;
	const editor = spawn(process.execPath, ['--eval', script], { stdio: 'inherit' });
	return { [Symbol.dispose]: () => void editor.kill('SIGKILL') };
}

test('definitions that are not there are told', () => {
	assert.match(toldOf('/nowhere/mesh'), /^config: Cannot read the definitions \/nowhere\/mesh: no such file/);
	// By the settings or on the command line.
	assert.throws(() => readDefinitions(['/nowhere/mesh']), { remedy: /^Name a file or folder .*mesh\.definitions/ });
});
