import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '../../src/localapi/client.ts';
import type { Status } from '../../src/status/types.ts';
import type { Namespace, Result } from './net/namespace.ts';
import { createScratch } from './net/scratch.ts';

/** What `scripts/build` made. */
export const turnoutProgram = join(import.meta.dirname, '../../dist/turnout');
export const cniProgram = join(import.meta.dirname, '../../dist/aws-appmesh');
export const routeManagerProgram = join(import.meta.dirname, '../../dist/appmesh-route-manager.sh');

export interface Outcome {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

export interface RunOptions {
	readonly input?: string;
	readonly env?: Readonly<Record<string, string>>;
}

/** Runs one turnout command on a host. */
export const turnout = (host: Namespace, args: readonly string[], options: RunOptions = {}): Outcome =>
	host.tryRun(turnoutProgram, args, options);

export interface DaemonOptions extends RunOptions {
	/** Beside a socket and a state directory of its own. */
	readonly args?: readonly string[];
	/** A former daemon's, for its successor: the same socket and state. Its creator disposes of it. */
	readonly folder?: string;
	/** A program, with its arguments, that runs turnout: as somebody else, or with something missing. It execs. */
	readonly through?: readonly string[];
	/** The log line that means started; the event `ready` unless given. */
	readonly says?: string;
}

export interface TestDaemon extends AsyncDisposable {
	readonly socket: string;
	readonly folder: string;
	readonly process: ChildProcess;
	/** Its standard error so far. */
	readonly log: () => string;
	/** A command to this daemon. */
	readonly ask: (...args: string[]) => Outcome;
	/** By the command. */
	readonly status: () => Status;
	/** Over the socket, without a process: for polling. */
	readonly readStatus: () => Promise<Status>;
	/** Its exit code once it has ended. */
	readonly ended: Promise<number | null>;
	/** SIGTERM; resolves to its exit code, null where it had to be killed. */
	readonly stop: () => Promise<number | null>;
}

/** In bytes: the default net.core.rmem_max, whatever this machine's is. */
export const TEST_NOTICE_BUFFER = '212992';

/** A daemon that ignores SIGTERM fails its own test instead of blocking the suite. */
const STOP_PATIENCE_MS = 60_000;

/** `turnout run` on a host; resolves once it has said that it is ready, or has ended. */
export async function startDaemon(host: Namespace, options: DaemonOptions = {}): Promise<TestDaemon> {
	const { args = [], env = {}, folder, through = [], says = '"event":"ready"' } = options;
	using stack = new DisposableStack();
	const path = folder ?? stack.use(createScratch('daemon')).path;
	const socket = join(path, 'control.sock');
	const own = ['--socket', socket, '--state-directory', join(path, 'state')];
	const [program = '', ...words] = [...through, turnoutProgram, 'run', '--no-prompt', ...own, ...args];
	// A service has a session of its own, and the kernel shares the processors between sessions (sched(7), autogroup).
	const child = host.spawn(program, words, { env: { TEST_NOTICE_BUFFER, ...process.env, ...env }, detached: true });
	let log = '';
	child.stderr?.on('data', (part) => {
		log += part;
	});
	// Not `exit`: its last output may arrive after that.
	const ended = once(child, 'close').then(([code]) => code as number | null);
	const isRunning = () => child.exitCode === null && child.signalCode === null;
	while (!log.includes(says) && isRunning()) await sleep(10);
	if (!isRunning()) await ended;
	const ask = (...words: string[]) => turnout(host, [...words, '--socket', socket]);
	const stop = () => {
		child.kill('SIGTERM');
		const late = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
		return ended.finally(() => clearTimeout(late));
	};
	const kept = stack.move();
	return {
		socket,
		folder: path,
		process: child,
		log: () => log,
		ask,
		status: () => parseStatus(ask('status', '--json'), log),
		readStatus: () => createClient(socket).status({}),
		ended,
		stop,
		async [Symbol.asyncDispose]() {
			await stop();
			kept.dispose();
			refuseStrayLines(log);
		},
	};
}

function parseStatus({ code, stdout, stderr }: Result, log: string): Status {
	if (stdout === '') throw new Error(`turnout status ended with ${code}: ${stderr}\nThe daemon's log:\n${log}`);
	return JSON.parse(stdout) as Status;
}

/**
 * Whoever reads the log takes every line for an event; what a runtime or a library writes there, a warning of Node's
 * say, is a defect. At the end stands why it could not go on.
 */
function refuseStrayLines(log: string): void {
	const [events = ''] = log.split(/^turnout: /m);
	const stray = events.split('\n').filter((line) => line !== '' && !isEvent(line));
	if (stray.length > 0) throw new Error(`The daemon's log has lines that are no events:\n${stray.join('\n')}`);
}

function isEvent(line: string): boolean {
	try {
		return typeof (JSON.parse(line) as { readonly event?: unknown }).event === 'string';
	} catch {
		return false;
	}
}
