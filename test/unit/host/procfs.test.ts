import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commOf, parentOf, programOf } from '../../../src/host/sockets/procfs.ts';
import { createScratch } from '../../lab/net/scratch.ts';

/** Once it runs what it was started for. */
async function running(file: string, args: readonly string[]): Promise<ChildProcess & { readonly pid: number }> {
	const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] });
	await once(child.stdout ?? assert.fail('it has no output'), 'data');
	return child as ChildProcess & { readonly pid: number };
}

test('a Node.js program is named after its executable, not after its main thread', async () => {
	const child = await running(process.execPath, ['-e', 'console.log(1); process.stdin.resume()']);
	assert.equal(commOf(child.pid), 'MainThread');
	assert.equal(programOf(child.pid), 'node');
	assert.equal(parentOf(child.pid), process.pid);
	child.stdin?.end();
});

test('a script has its own name, even a long one, and so has a process that renames itself', async () => {
	using scratch = createScratch('programs');
	const script = join(scratch.path, 'a-script-with-a-long-name');
	writeFileSync(script, '#!/bin/sh\necho 1\nread _\n');
	chmodSync(script, 0o755);
	const titled = ['-e', "process.title = 'my-agent'; console.log(1); process.stdin.resume()"];
	for (const [file, args, name] of [
		[script, [], 'a-script-with-a'],
		['sh', ['-c', 'echo 1; read _'], 'sh'],
		[process.execPath, titled, 'my-agent'],
	] as const) {
		const child = await running(file, args);
		assert.equal(programOf(child.pid), name);
		child.stdin?.end();
	}
});

test('a process that has ended has no name', async () => {
	const child = spawn('true');
	await once(child, 'close');
	assert.deepEqual([programOf(child.pid ?? 0), parentOf(child.pid ?? 0)], ['', undefined]);
});
