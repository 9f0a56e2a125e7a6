import { readlinkSync } from 'node:fs';

export const sleepSync = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

/** Repeats until none is left, as processes may fork meanwhile. Synchronous, because it runs at exit. */
export function killAll(list: () => readonly number[], patienceMs = 30_000): void {
	const deadline = performance.now() + patienceMs;
	for (let pids = list(); pids.length > 0; pids = list()) {
		if (performance.now() > deadline) throw new Error(`Cannot kill ${pids.join(', ')}`);
		for (const pid of pids) kill(pid);
		sleepSync(2);
	}
}

function kill(pid: number): void {
	// Never the caller: after `setns` it would be on the list. 0 is its whole group.
	if (!(pid > 0) || pid === process.pid || pid === process.ppid)
		throw new Error('The lab was asked to kill its own owner');
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// Gone in the meantime.
	}
}

/** Zombies have no links any more: they do not count. */
export function isAlive(pid: number): boolean {
	try {
		readlinkSync(`/proc/${pid}/exe`);
		return true;
	} catch {
		return false;
	}
}
