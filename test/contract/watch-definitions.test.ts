// What is noticed of definitions on a real file system, by a process of its own: inotify's limits are those of a user namespace.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { createScratch } from '../lab/net/scratch.ts';

const module = join(import.meta.dirname, '../../src/host/files/watch-definitions.ts');
const watching = (path: string): string => `
	const { watchDefinitions } = await import(${JSON.stringify(module)});
	const handlers = { onChange: () => console.log('changed'), onBlind: (why) => console.log('blind', why) };
	watchDefinitions([${JSON.stringify(path)}], handlers, new AbortController().signal);
	console.log('watching');
	setInterval(() => undefined, 1000);`;

/** The lines of a process that watches. `watches`: how many inotify lets it have. */
function watch(path: string, watches: number) {
	const limited = `echo ${watches} > /proc/sys/user/max_inotify_watches; exec "$@"`;
	const node = [process.execPath, '--input-type=module', '--eval', watching(path)];
	const child = spawn('unshare', ['--user', '--map-root-user', 'sh', '-c', limited, 'sh', ...node], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
	return {
		next: async () => (await lines.next()).value as string,
		async [Symbol.asyncDispose]() {
			child.kill('SIGKILL');
			await once(child, 'exit');
		},
	};
}

describe('definitions that change', () => {
	const scratch = createScratch('watch');
	after(() => scratch[Symbol.dispose]());
	const folder = (name: string) => {
		const path = join(scratch.path, name);
		mkdirSync(path);
		writeFileSync(join(path, 'a.json'), '{}');
		return path;
	};

	test('a save is noticed, also of a file that is moved into its place', async () => {
		const path = folder('saved');
		await using watcher = watch(path, 100);
		assert.equal(await watcher.next(), 'watching');
		const file = join(path, 'a.json');
		writeFileSync(`${file}~`, '{"a":1}');
		renameSync(`${file}~`, file);
		assert.equal(await watcher.next(), 'changed');
	});

	test('where the kernel lets us watch no more folders it is told, and changes are still noticed', async () => {
		const path = folder('blind');
		await using watcher = watch(path, 0);
		assert.match(await watcher.next(), /^blind .*ENOSPC/);
		assert.equal(await watcher.next(), 'watching');
		writeFileSync(join(path, 'a.json'), '{"a":1}');
		assert.equal(await watcher.next(), 'changed');
	});
});
