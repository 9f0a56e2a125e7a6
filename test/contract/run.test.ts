// All ways of running a program behave alike, however it starts, ends, or refuses to.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { runProgramBinding } from '../../scripts/native-parts.ts';
import { createLightRun } from '../../src/host/process/command.ts';
import { runWithExeca } from '../../src/host/process/execa-run.ts';
import { createNativeLoader } from '../../src/host/process/native-run.ts';
import { ENDED_BY_SIGNAL, hasTimedOut, type Run, type RunOptions } from '../../src/host/process/runner.ts';
import { createScratch } from '../lab/net/scratch.ts';
import { eventually } from '../support/eventually.ts';

const implementations: Readonly<Record<string, Run>> = {
	'the native part': createLightRun(createNativeLoader(runProgramBinding())),
	Node: createLightRun(() => undefined),
	execa: runWithExeca,
};

/** For what ends by itself. */
const patience = () => AbortSignal.timeout(60_000);
/** Far longer than any wait of these tests; nobody sees its end. */
const FOREVER = 'sleep 600';
const shell = (run: Run, script: string, options: RunOptions = {}, signal = patience()) =>
	run('/bin/sh', ['-c', script], options, signal);

const contract: Readonly<Record<string, (run: Run, folder: string) => Promise<void>>> = {
	async 'what it writes, and its exit code'(run) {
		const ended = { code: 3, signal: undefined, stdout: 'out\n\n', stderr: 'ä\n' };
		assert.deepEqual(await shell(run, `printf 'out\\n\\n'; echo ä >&2; exit 3`), ended);
		assert.deepEqual(await shell(run, 'exit 0'), { code: 0, signal: undefined, stdout: '', stderr: '' });
	},

	async 'the signal that has ended it'(run) {
		const { code, signal, stdout } = await shell(run, 'echo before; kill -TERM $$');
		assert.deepEqual({ code, signal, stdout }, { code: ENDED_BY_SIGNAL, signal: 'SIGTERM', stdout: 'before\n' });
	},

	async 'arguments arrive as they are, and no shell reads them'(run) {
		const args = ['$(echo no)', '; echo no', '*', ' two  spaces ', "'", '', '\n'];
		const { stdout } = await run('/usr/bin/printf', ['<%s>', ...args], {}, patience());
		assert.equal(stdout, args.map((arg) => `<${arg}>`).join(''));
		await assert.rejects(run('/bin/echo no', [], {}, patience()), { code: 'ENOENT' });
	},

	async 'input larger than a pipe arrives whole'(run) {
		for (const bytes of [10, 40_000, 3_000_000]) {
			const input = 'line\n'.repeat(bytes / 5);
			const { stdout } = await run('/bin/cat', [], { input }, patience());
			assert.ok(stdout === input, `${stdout.length} of ${bytes} bytes`);
		}
	},

	async 'without input it reads an end'(run) {
		assert.equal((await run('/bin/cat', [], {}, patience())).code, 0);
	},

	async 'a program that does not read its input ends as it likes'(run) {
		assert.equal((await shell(run, 'exit 5', { input: 'x'.repeat(3_000_000) })).code, 5);
		assert.equal((await shell(run, 'exec <&-; exit 6', { input: 'x'.repeat(20_000) })).code, 6);
	},

	async 'output up to the limit is kept; more ends the program and its children'(run) {
		const write = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' x`;
		const maxOutputBytes = 200_000;
		const { stdout } = await shell(run, write(maxOutputBytes), { maxOutputBytes });
		assert.equal(stdout.length, maxOutputBytes);
		for (const to of ['', '>&2']) {
			const over = shell(run, `(${write(maxOutputBytes + 1)}) ${to}; ${FOREVER}`, { maxOutputBytes });
			await assert.rejects(over, new RangeError('/bin/sh has written more than 200000 bytes'));
		}
		// In bytes, and not in characters.
		await assert.rejects(shell(run, `printf 'ä'`, { maxOutputBytes: 1 }), RangeError);
	},

	async 'a program that is not there, or may not be run'(run, folder) {
		await assert.rejects(run('/nowhere/program', [], {}, patience()), { code: 'ENOENT' });
		const path = join(folder, 'not-executable');
		writeFileSync(path, '', { mode: 0o644 });
		await assert.rejects(run(path, [], {}, patience()), { code: 'EACCES' });
	},

	async 'an abort ends the whole group, and rejects with its reason'(run, folder) {
		const pids = join(folder, 'pids');
		const stop = new AbortController();
		const running = shell(run, `trap '' TERM; ${FOREVER} & echo $! $$ >${pids}; wait`, {}, stop.signal);
		const group = await eventually(
			() => pidsIn(pids),
			({ length }) => length === 2,
		);
		stop.abort(new Error('enough'));
		await assert.rejects(running, new Error('enough'));
		await eventually(
			() => group.filter(isAlive),
			({ length }) => length === 0,
		);
	},

	async 'nothing is started once the signal is aborted'(run, folder) {
		const mark = join(folder, 'mark');
		const aborted = AbortSignal.abort(new Error('too late'));
		await assert.rejects(shell(run, `echo >${mark}`, {}, aborted), new Error('too late'));
		assert.ok(!existsSync(mark));
	},

	async 'the time limit ends it, and is told from an abort'(run) {
		const ended = await shell(run, FOREVER, { timeoutMs: 50 }).catch((error: unknown) => error);
		assert.ok(hasTimedOut(ended), String(ended));
		assert.ok(!hasTimedOut(new Error('enough')));
		assert.equal((await shell(run, 'exit 0', { timeoutMs: 60_000 })).code, 0);
	},

	async 'a child that keeps the pipe open after its parent has ended is not waited for, and lives on'(run, folder) {
		const pids = join(folder, 'kept');
		for (const leave of ['', 'setsid ']) {
			const { code, stdout } = await shell(run, `${leave}${FOREVER} & echo $! >${pids}; echo all`, {
				timeoutMs: 30_000,
			});
			assert.deepEqual({ code, stdout }, { code: 0, stdout: 'all\n' });
			const [pid = 0] = pidsIn(pids);
			assert.ok(isAlive(pid));
			process.kill(pid, 'SIGKILL');
		}
	},

	async 'what comes while this process stands still is read all the same'(run) {
		const running = shell(run, '(sleep 0.3; head -c 60000 /dev/zero) & exit 0', { timeoutMs: 30_000 });
		await sleep(150);
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
		assert.equal((await running).stdout.length, 60_000);
	},

	async 'it is in a session of its own'(run) {
		const { stdout } = await shell(run, `cut -d' ' -f1,5,6 /proc/$$/stat`);
		const [pid, group, session] = stdout.trim().split(' ');
		assert.deepEqual([group, session], [pid, pid]);
	},

	async 'no signal is ignored or blocked, though Node ignores SIGPIPE'(run) {
		const { stdout } = await run('/bin/grep', ['-E', 'Sig(Blk|Ign)', '/proc/self/status'], {}, patience());
		const [blocked, ignored] = stdout.match(/\b[\da-f]{16}\b/g) ?? [];
		assert.equal(blocked, '0'.repeat(16));
		// posix_spawn(3) of glibc has its own two ignored, 32 and 33 (nptl(7)); whoever needs them sets them.
		assert.equal(BigInt(`0x${ignored}`) & ~0x180000000n, 0n);
	},

	async 'its environment is ours, or the one that it is given and nothing else'(run) {
		const env = { ONLY: 'this', PATH: '/usr/bin:/bin' };
		const { stdout } = await run('/usr/bin/env', [], { env }, patience());
		assert.deepEqual(stdout.trim().split('\n').sort(), ['ONLY=this', 'PATH=/usr/bin:/bin']);
		const own = await run('/usr/bin/env', [], {}, patience());
		assert.ok(own.stdout.includes(`PATH=${process.env['PATH']}\n`));
	},

	async 'as another user it has the ids of that user, and stands in /'(run) {
		const user = { uid: 65534, gid: 65533 };
		const { stdout } = await shell(run, 'echo $(id -u) $(id -g) $(pwd)', { user });
		assert.equal(stdout, '65534 65533 /\n');
	},
};

for (const [name, run] of Object.entries(implementations))
	test(`programs run by ${name}`, async (context: TestContext) => {
		using scratch = createScratch('run');
		for (const [title, hold] of Object.entries(contract)) {
			const folder = join(scratch.path, String(Object.keys(contract).indexOf(title)));
			mkdirSync(folder);
			await context.test(title, () => hold(run, folder));
		}
	});

test('the native part is what runs them here, and not Node in its place', () => {
	assert.notEqual(createNativeLoader(runProgramBinding())(), undefined);
	assert.equal(createNativeLoader('/nowhere/run-program.node')(), undefined);
});

test('hundreds at once end, and leave no descriptor, thread or child', async () => {
	const run = createLightRun(createNativeLoader(runProgramBinding()));
	const held = () => ['fd', 'task'].map((what) => readdirSync(`/proc/self/${what}`).length);
	await run('/bin/true', [], {}, patience());
	const before = held();
	const ended = await Promise.all(Array.from({ length: 300 }, (_, at) => shell(run, `echo ${at}; exit ${at % 200}`)));
	assert.ok(ended.every(({ code, stdout }, at) => code === at % 200 && stdout === `${at}\n`));
	assert.deepEqual(held(), before);
	assert.equal(readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8'), '');
});

test('without a free descriptor a program is not started with something else for its input', () => {
	const program = `
		import { openSync } from 'node:fs';
		import { createLightRun } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/process/command.ts'))};
		import { createNativeLoader } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/process/native-run.ts'))};
		const run = createLightRun(createNativeLoader(${JSON.stringify(runProgramBinding())}));
		const cat = () => run('/bin/cat', [], { input: 'all of it' }, new AbortController().signal);
		await cat();
		const held = [];
		const told = new Set();
		for (;;) {
			const { stdout, code } = await cat().catch((error) => error);
			told.add(stdout ?? code);
			if (held.length > 0 && !take()) break;
			if (held.length === 0) while (held.length < 40 && take()) continue;
		}
		console.log([...told].join());
		function take() {
			try { return held.push(openSync('/dev/null')); } catch { return false; }
		}`;
	const args = ['--nofile=60', process.execPath, '--input-type=module', '--eval', program];
	const { stdout, stderr } = spawnSync('prlimit', args, { encoding: 'utf8' });
	assert.equal(stdout, 'all of it,EMFILE\n', stderr);
});

test('a process that ends in the middle of it ends as it is told to', () => {
	const program = `
		import { createLightRun } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/process/command.ts'))};
		import { createNativeLoader } from ${JSON.stringify(join(import.meta.dirname, '../../src/host/process/native-run.ts'))};
		const run = createLightRun(createNativeLoader(${JSON.stringify(runProgramBinding())}));
		for (let at = 0; at < 5; at += 1) void run('/bin/sleep', ['0.02'], {}, new AbortController().signal);
		setTimeout(() => process.exit(7), 20);`;
	for (let times = 0; times < 10; times += 1) {
		const { status, signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program]);
		assert.deepEqual({ status, signal, stderr: String(stderr) }, { status: 7, signal: null, stderr: '' });
	}
});

const pidsIn = (path: string): number[] =>
	existsSync(path) ? readFileSync(path, 'utf8').split(/\s+/).filter(Boolean).map(Number) : [];

/** A zombie that nobody has reaped yet has ended. */
function isAlive(pid: number): boolean {
	try {
		return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
	} catch {
		return false;
	}
}
