import { type ChildProcess, type ChildProcessByStdio, type SpawnOptions, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';

/** Once its last line is read too. What a wrapper leaves of its group when it ends is ended with it. */
export async function exitOf(child: ChildProcess, read: Promise<unknown>): Promise<Exit> {
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

export type Child = ChildProcessByStdio<null, Readable, Readable>;

/** Node throws some errors of exec(3) and setuid(2), and tells the others later. */
export function spawnAs(
	program: string,
	args: readonly string[],
	how: Pick<SpawnOptions, 'uid' | 'gid' | 'env'>,
): Child {
	try {
		return spawn(program, args, { ...how, detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
	} catch (cause) {
		throw doesNotRun(program, cause as NodeJS.ErrnoException);
	}
}

export function spawned(child: ChildProcess, program: string): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once('spawn', resolve);
		child.once('error', (cause: NodeJS.ErrnoException) => reject(doesNotRun(program, cause)));
	});
}

export function doesNotRun(program: string, cause: NodeJS.ErrnoException): Failure {
	const message = `Cannot start Envoy: ${program} does not run: ${cause.message}`;
	return new Failure('envoy', message, cause.code === 'EPERM' ? RIGHTS : PERMISSIONS, cause);
}

const PERMISSIONS = 'See envoy.command (TURNOUT_ENVOY_COMMAND) and its permissions';
/** Another user is nobody's right but root's, and the service's only if it is asked for. */
const RIGHTS = 'Run turnout as root; as a service it needs `scripts/install process`';

export async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	signalGroup(child, graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
	const late = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs);
	try {
		return await exited;
	} finally {
		clearTimeout(late);
	}
}
