import { readdirSync, readFileSync } from 'node:fs';
import { sleepSync } from './processes.ts';

/**
 * Stops a process, and returns once it does stand still: signal(7) says when SIGSTOP is sent, not when each thread has
 * seen it, and on a busy machine the others answer a request meanwhile. `SIGCONT` lets it go on.
 */
export function suspend(pid: number | undefined, patienceMs = 10_000): void {
	if (pid === undefined) throw new Error('Cannot suspend a process that was not started');
	process.kill(pid, 'SIGSTOP');
	const deadline = performance.now() + patienceMs;
	while (!isStill(pid)) {
		if (performance.now() > deadline) throw new Error(`Process ${pid} does not stand still`);
		sleepSync(1);
	}
}

/** By proc_pid_stat(5), whose state comes after a name that may have anything in it. */
const isStill = (pid: number): boolean =>
	readdirSync(`/proc/${pid}/task`).every((thread) => /^.*\) [TtZX] /s.test(statOf(pid, thread)));

function statOf(pid: number, thread: string): string {
	try {
		return readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
	} catch {
		return ') X ';
	}
}
