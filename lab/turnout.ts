import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../src/control/protocol.ts';
import type { Namespace } from './namespace.ts';
import { createScratch } from './scratch.ts';

/** What `scripts/build` made. */
export const turnoutProgram = join(import.meta.dirname, '../dist/turnout');
export const routeManagerProgram = join(import.meta.dirname, '../dist/appmesh-route-manager.sh');

export interface Outcome {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

export interface RunOptions {
	readonly input?: string;
	readonly env?: Readonly<Record<string, string>>;
}

/** One turnout command on a host, to its end. */
export const turnout = (host: Namespace, args: readonly string[], options: RunOptions = {}): Outcome =>
	host.tryRun(turnoutProgram, args, options);

export interface DaemonOptions extends RunOptions {
	/** Beside a socket and a state directory of its own. */
	readonly args?: readonly string[];
}

export interface TestDaemon extends AsyncDisposable {
	readonly socket: string;
	readonly folder: string;
	readonly process: ChildProcess;
	/** Everything it wrote to standard error so far. */
	readonly log: () => string;
	/** A command to this daemon. */
	readonly ask: (...args: string[]) => Outcome;
	readonly status: () => Status;
	/** Its exit code once it has ended. */
	readonly ended: Promise<number | null>;
	/** SIGTERM, and its exit code. */
	readonly stop: () => Promise<number | null>;
}

/** `turnout run` on a host; resolves once it has said that it is ready, or has ended. */
export async function startDaemon(host: Namespace, { args = [], env = {} }: DaemonOptions = {}): Promise<TestDaemon> {
	const scratch = createScratch('daemon');
	const socket = join(scratch.path, 'control.sock');
	const own = ['--socket', socket, '--state-directory', join(scratch.path, 'state')];
	const child = host.spawn(turnoutProgram, ['run', '--no-prompt', ...own, ...args], {
		env: { ...process.env, ...env },
	});
	let log = '';
	child.stderr?.on('data', (part) => {
		log += part;
	});
	const ended = once(child, 'exit').then(([code]) => code as number | null);
	while (!log.includes('"event":"ready"') && child.exitCode === null && child.signalCode === null) await sleep(10);
	const ask = (...words: string[]) => turnout(host, [...words, '--socket', socket]);
	const stop = async () => {
		child.kill('SIGTERM');
		return ended;
	};
	return {
		socket,
		folder: scratch.path,
		process: child,
		log: () => log,
		ask,
		status: () => JSON.parse(ask('status', '--json').stdout) as Status,
		ended,
		stop,
		async [Symbol.asyncDispose]() {
			await stop();
			scratch[Symbol.dispose]();
		},
	};
}
