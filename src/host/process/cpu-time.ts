import { readText } from '../sockets/procfs.ts';

/** 1/USER_HZ, the unit of /proc on every architecture that Node runs on (time(7)). */
const TICK_MS = 10;
/** utime to cstime of /proc/self/stat, counted after the process name (proc_pid_stat(5)). */
const FIRST = 14 - 3;
const LAST = 17 - 3;

/** Processor time of this process and of its ended children, in milliseconds. */
export function readCpuTimeMs(): number {
	const stat = readText('/proc/self/stat');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields.slice(FIRST, LAST + 1).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
}
