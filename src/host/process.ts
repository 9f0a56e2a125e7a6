import { type ChildProcess, type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Exit, OnOutput, ProxyIdentity, ProxyRuntime, ProxySpec, RunningProxy } from '../ports-proxy.ts';
import { quoted } from '../quoted.ts';
import { readLines } from './lines.ts';
import { findOrphans, type ProcessNotes } from './orphans.ts';
import { findProgram } from './tools.ts';

/** Envoy as a child process of ours, in a session of its own: a Ctrl-C at our terminal must not reach it before us. */
export function createProcessRuntime(notes: ProcessNotes): ProxyRuntime {
	const running = new Set<ChildProcess>();
	return {
		prepare: async ({ command }) => exactly(programOf(command)),
		async start(spec, identity, onOutput) {
			const [startedAt, parent] = [new Date().toISOString(), process.pid];
			// Before it is there: whoever ends us in between leaves none that nobody knows of.
			notes.add({ ...identity, uid: spec.uid, startedAt, parent });
			const forget = () => notes.remove(identity.instance);
			const started = await start(spec, { ...identity, startedAt }, onOutput, running).catch((error) => {
				forget();
				throw error;
			});
			return { ...started, exited: started.exited.finally(forget) };
		},
		adopt: async () => findOrphans(notes),
		trouble: () => '',
		close: () => running.forEach(letGo),
	};
}

function programOf(command: string): string {
	const program = findProgram(command);
	if (program !== undefined) return program;
	throw new Failure(
		'envoy',
		`Cannot start Envoy: there is no program ${quoted(command)}`,
		'Install Envoy, or set envoy.command (TURNOUT_ENVOY_COMMAND) to where it is',
	);
}

/** One that was replaced by a newer is another, though its path is the same. */
function exactly(program: string): string {
	const { size, mtimeMs, ino } = statSync(program);
	return `${program} ${size} ${mtimeMs} ${ino}`;
}

/** Whatever it does from now on does not keep us from ending. */
function letGo(child: ChildProcess): void {
	child.unref();
	for (const stream of [child.stdout, child.stderr]) stream?.destroy();
}

async function start(
	spec: ProxySpec,
	identity: ProxyIdentity & Pick<RunningProxy, 'startedAt'>,
	onOutput: OnOutput,
	running: Set<ChildProcess>,
): Promise<RunningProxy> {
	const { command, args, uid, gid, env } = spec;
	const program = programOf(command);
	const child = spawnAs(program, args, { uid, gid, env: { ...process.env, ...env } });
	const read = Promise.all([child.stdout, child.stderr].map((input) => readLines(input, onOutput)));
	running.add(child);
	const exited = exitOf(child, read).finally(() => running.delete(child));
	await spawned(child, program);
	return {
		...identity,
		id: `pid ${child.pid}`,
		image: '',
		exited,
		stop: (graceMs) => stop(child, exited, graceMs),
		promote: async () => undefined,
	};
}

/** Once its last line is read too. What a wrapper leaves of its group when it ends is ended with it. */
async function exitOf(child: ChildProcess, read: Promise<unknown>): Promise<Exit> {
	const exit = await new Promise<Exit>((resolve) => {
		child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
	});
	signalGroup(child, 'SIGKILL');
	// Who has left the group and kept the pipes is not waited for.
	await Promise.race([read, sleep(LAST_WORDS_MS)]);
	for (const stream of [child.stdout, child.stderr]) stream?.destroy();
	return exit;
}

/** What is written is in the pipe when a process ends; reading it takes no longer than this. */
const LAST_WORDS_MS = 1_000;

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
	try {
		if (pid !== undefined) process.kill(-pid, signal);
	} catch {
		// Nobody is left in it.
	}
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Node throws some errors of exec(3) and setuid(2), and tells the others later. */
function spawnAs(program: string, args: readonly string[], how: Pick<SpawnOptions, 'uid' | 'gid' | 'env'>): Child {
	try {
		return spawn(program, args, { ...how, detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
	} catch (cause) {
		throw doesNotRun(program, cause as NodeJS.ErrnoException);
	}
}

function spawned(child: ChildProcess, program: string): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once('spawn', resolve);
		child.once('error', (cause: NodeJS.ErrnoException) => reject(doesNotRun(program, cause)));
	});
}

function doesNotRun(program: string, cause: NodeJS.ErrnoException): Failure {
	const message = `Cannot start Envoy: ${program} does not run: ${cause.message}`;
	return new Failure('envoy', message, cause.code === 'EPERM' ? RIGHTS : PERMISSIONS, cause);
}

const PERMISSIONS = 'See envoy.command (TURNOUT_ENVOY_COMMAND) and its permissions';
/** Another user is nobody's right but root's, and the service's only if it is asked for. */
const RIGHTS = 'Run turnout as root; as a service it needs `scripts/install process`';

async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	signalGroup(child, graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
	const late = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
	try {
		return await exited;
	} finally {
		clearTimeout(late);
	}
}
