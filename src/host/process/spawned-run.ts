import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { dropKeptPipes } from './kept-pipes.ts';
import { ENDED_BY_SIGNAL, type Finished, MAX_OUTPUT_BYTES, type RunOptions, tooMuchOutput } from './runner.ts';
import { openUnnamedFile } from './stdin-file.ts';

/** On Node alone. */
export const runSpawned = (
	program: string,
	args: readonly string[],
	options: RunOptions,
	end: AbortSignal,
): Promise<Finished> => finish(start(program, args, options), program, options, end);

function start(program: string, args: readonly string[], { input = '', env, user }: RunOptions): ChildProcess {
	// Whatever becomes of us, it reads all of a file; and Node needs no stream for it, which cost a start milliseconds.
	const file = input === '' ? undefined : openUnnamedFile(input);
	const how = {
		...(env === undefined ? {} : { env }),
		...(user === undefined ? {} : { ...user, cwd: '/' }),
	};
	try {
		const child = spawn(program, args, {
			...how,
			detached: true,
			stdio: [file ?? (input === '' ? 'ignore' : 'pipe'), 'pipe', 'pipe'],
		});
		// A program that ends before it has read everything says why on standard error.
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(input);
		return child;
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

function finish(
	child: ChildProcess,
	program: string,
	{ maxOutputBytes = MAX_OUTPUT_BYTES }: RunOptions,
	end: AbortSignal,
): Promise<Finished> {
	return new Promise((resolve, reject) => {
		const fail = (reason: unknown) => {
			killGroup(child.pid);
			for (const pipe of [child.stdout, child.stderr]) pipe?.destroy();
			reject(reason);
		};
		const onAbort = () => fail(end.reason);
		const onOverflow = () => fail(tooMuchOutput(program, maxOutputBytes));
		const [stdout, stderr] = [child.stdout, child.stderr].map((pipe) => collect(pipe, maxOutputBytes, onOverflow));
		end.addEventListener('abort', onAbort, { once: true });
		dropKeptPipes(child);
		child.once('error', reject).once('close', (code, by) => {
			end.removeEventListener('abort', onAbort);
			const texts = { stdout: stdout?.() ?? '', stderr: stderr?.() ?? '' };
			resolve({ code: code ?? ENDED_BY_SIGNAL, signal: by ?? undefined, ...texts });
		});
	});
}

/** Returns what gives all of it so far. */
function collect(pipe: Readable | null, maxBytes: number, onOverflow: () => void): () => string {
	const parts: Buffer[] = [];
	let bytes = 0;
	pipe?.on('data', (part: Buffer) => {
		bytes += part.length;
		if (bytes > maxBytes) onOverflow();
		else parts.push(part);
	});
	return () => String(Buffer.concat(parts));
}

function killGroup(pid: number | undefined): void {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch {
		// The group is empty.
	}
}
