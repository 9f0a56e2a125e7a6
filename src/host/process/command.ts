import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { openUnnamedFile } from './stdin-file.ts';

export const ENDED_BY_SIGNAL = -1;

export interface Finished {
	/** `ENDED_BY_SIGNAL` where one did. */
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/**
 * Runs a program by its path with a list of arguments and a text for its standard input: no shell, ever. Resolves
 * however it ends; rejects only if it cannot be started or the signal is aborted, which kills it.
 *
 * Not execa: on a cold start its loading alone takes as long as the four stages of a whole `turnout init`.
 */
export function runCommand(
	program: string,
	args: readonly string[],
	input: string,
	signal: AbortSignal,
): Promise<Finished> {
	const file = input.length > LARGEST_ON_A_PIPE ? openUnnamedFile(input) : undefined;
	return new Promise((resolve, reject) => {
		// In a session of its own: what a terminal sends when it closes, or on Ctrl-C, is for us to answer.
		const child = spawn(program, args, {
			stdio: [file ?? 'pipe', 'pipe', 'pipe'],
			signal,
			killSignal: 'SIGKILL',
			detached: true,
		});
		const stdout: Buffer[] = [];
		const stderr: Buffer[] = [];
		child.stdout?.on('data', (part: Buffer) => stdout.push(part));
		child.stderr?.on('data', (part: Buffer) => stderr.push(part));
		child.on('error', (error) => {
			killGroup(child.pid);
			reject(error);
		});
		child.on('close', (code) => {
			resolve({
				code: code ?? ENDED_BY_SIGNAL,
				stdout: String(Buffer.concat(stdout)),
				stderr: String(Buffer.concat(stderr)),
			});
		});
		if (file !== undefined) closeSync(file);
		// A program that ends before it has read everything says why on standard error.
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(input);
	});
}

/**
 * In characters. So much is in the pipe before we do anything else. Of more only a part might be there when somebody kills
 * us, and every table that is whole in it would be committed, and the others not.
 */
const LARGEST_ON_A_PIPE = 32 * 1024;

/** What it has started goes with it: a script that was killed would leave the program that it waits for. */
function killGroup(pid: number | undefined): void {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch {
		// Nobody is left in it.
	}
}
