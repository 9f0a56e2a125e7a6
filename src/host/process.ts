import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Failure } from '../failure.ts';
import type { Exit, Launch, ProxyRuntime, RunningProxy } from '../ports.ts';
import { findProgram } from './tools.ts';

/** Envoy as a child process of ours, in a session of its own: a Ctrl-C at our terminal must not reach it before us. */
export function createProcessRuntime(): ProxyRuntime {
	return { start };
}

async function start({ command, args, uid, gid, onOutput }: Launch): Promise<RunningProxy> {
	const program = findProgram(command);
	if (program === undefined)
		throw new Failure(
			'envoy',
			`Cannot start Envoy: there is no program "${command}"`,
			'Install Envoy, or set envoy.command (TURNOUT_ENVOY_COMMAND) to where it is',
		);
	const child = spawn(program, args, { uid, gid, detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
	const exited = new Promise<Exit>((resolve) => {
		child.once('exit', (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined }));
	});
	await spawned(child, program);
	for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onOutput);
	return { id: `pid ${child.pid}`, exited, stop: (graceMs) => stop(child, exited, graceMs) };
}

function spawned(child: ChildProcess, program: string): Promise<void> {
	return new Promise((resolve, reject) => {
		child.once('spawn', resolve);
		child.once('error', (cause) => {
			const message = `Cannot start Envoy: ${program} does not run: ${cause.message}`;
			reject(new Failure('envoy', message, 'See envoy.command (TURNOUT_ENVOY_COMMAND) and its permissions', cause));
		});
	});
}

async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
	child.kill('SIGTERM');
	const late = setTimeout(() => child.kill('SIGKILL'), graceMs);
	try {
		return await exited;
	} finally {
		clearTimeout(late);
	}
}
