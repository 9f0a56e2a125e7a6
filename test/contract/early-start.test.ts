// A program that is started before its input is ready behaves like one that is started with it.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runProgramBinding } from '../../scripts/native-parts.ts';
import { createLightRun } from '../../src/host/process/command.ts';
import { createEarlyStarter, type EarlyCommand } from '../../src/host/process/early-start.ts';
import { createNativeLoader } from '../../src/host/process/native-run.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { eventually } from '../support/eventually.ts';

const load = createNativeLoader(runProgramBinding());
/** Nobody sees its end. */
const FOREVER_MS = 600_000;
const starters = {
	'the native part': createEarlyStarter(load, createLightRun(load), FOREVER_MS),
	Node: createEarlyStarter(
		() => undefined,
		createLightRun(() => undefined),
		FOREVER_MS,
	),
};
const patience = () => AbortSignal.timeout(60_000);
/** Says in `started` that it runs, reads all of its input, and only then writes `acted`. A single process. */
const SCRIPT = `echo $$ > "$0/started"; exec awk -v acted="$0/acted" '{ line[NR] = $0 }
	END { printf "" > acted; for (at = 1; at <= NR; at += 1) { print line[at]; print line[at] > acted } }'`;

/** Each begins with a folder of its own. */
const contract: Readonly<Record<string, (command: EarlyCommand, folder: string, isEarly: boolean) => Promise<void>>> = {
	async 'it acts on its input, and ends as it likes'(command, folder) {
		command.start();
		const { code, stdout } = await command.run('what to do', patience());
		assert.deepEqual([code, stdout], [0, 'what to do\n']);
		assert.equal(readFileSync(join(folder, 'acted'), 'utf8'), 'what to do\n');
	},

	async 'nobody has to start it first, and it can be run again and again'(command) {
		for (const input of ['one', 'two']) assert.equal((await command.run(input, patience())).stdout, `${input}\n`);
		command.start();
		command.start();
		assert.equal((await command.run('three', patience())).stdout, 'three\n');
		assert.equal((await command.run('four', patience())).stdout, 'four\n');
	},

	async 'input larger than any pipe arrives whole'(command) {
		const input = 'line\n'.repeat(600_000).trimEnd();
		command.start();
		assert.ok((await command.run(input, patience())).stdout === `${input}\n`);
	},

	async 'one that was killed while it waited is started anew'(command, folder, isEarly) {
		command.start();
		if (isEarly) {
			const pid = await eventually(
				() => pidIn(folder),
				(seen) => seen > 0,
			);
			process.kill(pid, 'SIGKILL');
			await untilGone(pid);
		}
		assert.equal((await command.run('again', patience())).stdout, 'again\n');
	},

	async 'whoever gives up does not wait for it'(command, folder) {
		command.start();
		const controller = new AbortController();
		controller.abort(new Error('enough'));
		await assert.rejects(command.run('too late', controller.signal), /enough/);
		assert.equal(existsSync(join(folder, 'acted')), false);
	},
};

const pidIn = (folder: string): number => {
	const path = join(folder, 'started');
	return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
};

const untilGone = (pid: number) =>
	eventually(
		() => existsSync(`/proc/${pid}`),
		(isThere) => !isThere,
	);

for (const [name, createCommand] of Object.entries(starters))
	test(`programs with input that comes later, run by ${name}`, async (context) => {
		using scratch = createScratch('early');
		for (const [title, hold] of Object.entries(contract)) {
			const folder = join(scratch.path, String(Object.keys(contract).indexOf(title)));
			mkdirSync(folder);
			const command = createCommand('/bin/sh', ['-c', SCRIPT, folder]);
			await context.test(title, () => hold(command, folder, name !== 'Node'));
		}
		await context.test('what cannot be started says so to whoever has input for it', async () => {
			const command = createCommand('/nowhere/nft', []);
			command.start();
			await assert.rejects(command.run('anything', patience()), { code: 'ENOENT' });
		});
	});

for (const [title, patienceMs] of [
	['one that nobody has input for is gone after a while, and has done nothing', 3_000],
	['one that is not needed after all is gone at once, and has done nothing', FOREVER_MS],
] as const)
	test(title, async () => {
		using scratch = createScratch('early');
		const create = createEarlyStarter(load, createLightRun(load), patienceMs);
		const command = create('/bin/sh', ['-c', SCRIPT, scratch.path]);
		command.start();
		const pid = await eventually(
			() => pidIn(scratch.path),
			(seen) => seen > 0,
		);
		if (patienceMs === FOREVER_MS) command.stop();
		await untilGone(pid);
		assert.equal(existsSync(join(scratch.path, 'acted')), false);
		assert.equal((await command.run('later', patience())).stdout, 'later\n');
	});

test('many that nobody needs leave no descriptor, thread or child', async () => {
	const counts = () => ['fd', 'task'].map((each) => readdirSync(`/proc/self/${each}`).length);
	const create = createEarlyStarter(load, createLightRun(load), 100);
	const use = async () => {
		for (let each = 0; each < 40; each += 1) create('/bin/cat', []).start();
		await eventually(
			() => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'),
			(children) => children === '',
		);
	};
	await use();
	const before = counts();
	await use();
	await eventually(counts, (now) => now.every((count, at) => count <= (before[at] ?? 0)));
});
