// What the kernel tells about a process.
import { readFileSync } from 'node:fs';

/** What `times` and /proc count in, on every architecture that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Resident memory in MB of a million bytes. */
export function readResidentMb(pid: number): number {
	const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
	return (Number(kib) * 1_024) / 1e6;
}

/** Processor seconds so far, its own and the kernel's for it (proc_pid_stat(5): utime, stime). */
export function readProcessorSeconds(pid: number): number {
	const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
	// The program's name comes second, in brackets, and may hold blanks itself.
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
