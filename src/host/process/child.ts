import { execa } from 'execa';
import type { Exit } from '../../envoy/runtime.ts';
import { Failure } from '../../failure.ts';
import { dropKeptPipes } from './kept-pipes.ts';

export type Child = ReturnType<typeof startChild>;

/**
 * Starts Envoy in a session of its own, in `/`: neither a Ctrl-C at our terminal nor our own end reaches it. Signals go
 * to the whole group, as the program may be a wrapper that waits for Envoy. Where it could not be started there is no
 * `pid`, and the result has the `cause`.
 */
export const startChild = (
	program: string,
	args: readonly string[],
	how: { readonly uid?: number; readonly gid?: number; readonly env: Readonly<Record<string, string>> },
) =>
	execa(program, args, {
		...how,
		cwd: '/',
		stdin: 'ignore',
		buffer: false,
		reject: false,
		killDescendants: true,
		forceKillAfterDelay: false,
		cleanup: false,
	});

export function doesNotRun(program: string, cause: unknown): Failure {
	const { code, message } = cause as NodeJS.ErrnoException;
	const remedy = code === 'EPERM' ? RIGHTS : PERMISSIONS;
	return new Failure('envoy', `Cannot start Envoy: ${program} does not run: ${message}`, remedy, cause);
}

const PERMISSIONS = 'See envoy.command (TURNOUT_ENVOY_COMMAND) and its permissions';
/** Only root may start a program as another user; the service may once it was installed for that. */
const RIGHTS = 'Run turnout as root; as a service it needs `/opt/turnout/service set-up process`';

/** Resolves once its last line is read. Whatever a wrapper leaves in its group is ended with it. */
export async function exitOf(child: Child, read: Promise<unknown>): Promise<Exit> {
	child.nodeChildProcess.once('exit', () => child.kill('SIGKILL'));
	dropKeptPipes(child.nodeChildProcess);
	const [{ exitCode, signal }] = await Promise.all([child, read]);
	return { code: exitCode, signal };
}

export async function stop(child: Child, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	child.kill(graceMs === 0 ? 'SIGKILL' : 'SIGTERM');
	const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
	try {
		return await exited;
	} finally {
		clearTimeout(late);
	}
}
