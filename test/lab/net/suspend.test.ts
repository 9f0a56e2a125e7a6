import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { suspend } from './suspend.ts';

/** Each of its threads is busy, so that the processors are not enough for all of them. */
const busy = `
const { Worker } = require('node:worker_threads');
for (let at = 0; at < 8; at += 1) new Worker('for (;;);', { eval: true }).on('online', () => console.log('on'));
`;

test('a process that is suspended stands still with each of its threads when the call returns', async (context) => {
	const child = spawn(process.execPath, ['-e', busy], { stdio: ['ignore', 'pipe', 'inherit'] });
	context.after(() => child.kill('SIGKILL'));
	for (let online = 0; online < 8; ) online += String(await once(child.stdout, 'data')).split('on').length - 1;
	const threads = () => readdirSync(`/proc/${child.pid}/task`);
	for (let round = 0; round < 20; round += 1) {
		suspend(child.pid);
		const states = threads().map((thread) => readFileSync(`/proc/${child.pid}/task/${thread}/stat`, 'utf8'));
		assert.deepEqual(new Set(states.map((stat) => stat.replace(/^.*\) (.).*$/s, '$1'))), new Set(['T']));
		child.kill('SIGCONT');
	}
});
