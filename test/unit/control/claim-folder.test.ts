import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimFolder } from '../../../src/commands/control/claim-folder.ts';
import { keepClaimed } from '../../../src/commands/control/keep-claimed.ts';
import { control } from '../../../src/commands/control.ts';
import { openDefinitionFolder } from '../../../src/host/files/definition-folder.ts';
import { createScratch } from '../../lab/net/scratch.ts';
import { printedBy } from '../../support/command-terminal.ts';
import { eventually } from '../../support/eventually.ts';

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

test('it stays claimed where another folder takes its place, and where its socket is removed', async () => {
	using scratch = createScratch('claim');
	const root = join(scratch.path, 'mesh');
	mkdirSync(root);
	const told: string[] = [];
	const ending = new AbortController();
	const { watch } = openDefinitionFolder(root, assert.fail);
	const log = (_level: string, event: string) => void told.push(event);
	const claim = await keepClaimed({ root, watch, log, signal: ending.signal }, new Map());
	const acts = [
		() => {
			renameSync(root, join(scratch.path, 'old'));
			mkdirSync(root);
		},
		() => rmSync(join(root, '.turnout-control')),
	];
	for (const [at, act] of acts.entries()) {
		act();
		await eventually(
			() => told.length,
			(length) => length === at + 1,
		);
		await assert.rejects(claimFolder(root, new Map(), assert.fail), { message: /: another turnout control does$/ });
	}
	assert.deepEqual(told, ['the folder was claimed again', 'the folder was claimed again']);
	ending.abort();
	claim[Symbol.dispose]();
	assert.deepEqual(readdirSync(root), []);
});

test('where another one has claimed what has taken its place, that is told', async () => {
	using scratch = createScratch('claim');
	const [root, other] = [join(scratch.path, 'mesh'), join(scratch.path, 'other')];
	for (const folder of [root, other]) mkdirSync(folder);
	const told: unknown[] = [];
	const ending = new AbortController();
	const { watch } = openDefinitionFolder(root, assert.fail);
	const log = (_level: string, event: string, fields?: object) => void told.push({ event, ...fields });
	const claim = await keepClaimed({ root, watch, log, signal: ending.signal }, new Map());
	using _others = await claimFolder(other, new Map(), assert.fail);
	renameSync(root, join(scratch.path, 'old'));
	renameSync(other, root);
	const [event] = await eventually(
		() => told,
		({ length }) => length > 0,
	);
	assert.match(JSON.stringify(event), /which cannot be claimed.*: another turnout control does/);
	await assert.rejects(claimFolder(root, new Map(), assert.fail), { message: /: another turnout control does$/ });
	ending.abort();
	claim[Symbol.dispose]();
});
