import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimFolder } from '../../../src/commands/control/claim-folder.ts';
import { control } from '../../../src/commands/control.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { printedBy } from '../../support/command-terminal.ts';

test('a folder is served by one, however long its path is, and by the next once that has gone', async () => {
	using scratch = createScratch('claim');
	const folder = join(scratch.path, 'n'.repeat(120));
	mkdirSync(folder);
	const claim = await claimFolder(folder, new Map(), assert.fail);
	await assert.rejects(claimFolder(folder, new Map(), assert.fail), { message: /: another turnout control does$/ });
	claim[Symbol.dispose]();
	(await claimFolder(folder, new Map(), assert.fail))[Symbol.dispose]();
	assert.deepEqual(readdirSync(folder), []);
});

test('one that was killed keeps nobody away', async () => {
	using scratch = createScratch('claim');
	const listens = "require('node:net').createServer().listen('.turnout-control', () => console.log('ready'))";
	const killed = spawn(process.execPath, ['--eval', listens], { cwd: scratch.path });
	await once(killed.stdout, 'data');
	await assert.rejects(claimFolder(scratch.path, new Map(), assert.fail), { message: /another turnout control does/ });
	killed.kill('SIGKILL');
	await once(killed, 'close');
	assert.deepEqual(readdirSync(scratch.path), ['.turnout-control']);
	await assert.rejects(printedBy(control, ['status'], { definitions: scratch.path }), {
		message: `Cannot ask turnout control: none answers for the definitions ${scratch.path} (the last one was killed)`,
	});
	(await claimFolder(scratch.path, new Map(), assert.fail))[Symbol.dispose]();
});

test('a folder that can have no socket is served, and that nobody is kept away is told', async () => {
	const told: unknown[] = [];
	(await claimFolder('/proc/self', new Map(), (...event) => void told.push(event)))[Symbol.dispose]();
	assert.match(JSON.stringify(told), /"warn","a second one is not kept away",\{"definitions":"\/proc\/self"/);
});

test('the folder is made once keys and address were found sound', async () => {
	using scratch = createScratch('claim');
	const definitions = join(scratch.path, 'mesh');
	const socket = join(scratch.path, 'socket');
	mkdirSync(socket);
	await assert.rejects(printedBy(control, [], { definitions, keys: '/nonexistent' }), /no such file/);
	await assert.rejects(printedBy(control, [], { definitions, listen: socket }), /is not a socket/);
	assert.ok(!existsSync(definitions));
});
