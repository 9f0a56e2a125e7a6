import type { ChildProcess } from 'node:child_process';

const WAIT_MS = 1_000;

/**
 * A background process that has inherited a program's output keeps it open after the program's end, and Node waits for
 * that. Closes it a second after the program has ended.
 *
 * Nothing that the program itself wrote is lost, even where this process stood still meanwhile: timers run before, and
 * immediates after Node has read, at least 2 MiB from each pipe (uv__read, libuv), which is more than one holds.
 */
export function dropKeptPipes(child: ChildProcess): void {
	child.once('exit', () => {
		const drop = () => [child.stdout, child.stderr].map((pipe) => pipe?.destroy());
		const timer = setTimeout(() => setImmediate(drop), WAIT_MS);
		child.once('close', () => clearTimeout(timer));
	});
}
