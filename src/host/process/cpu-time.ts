import { readText } from '../sockets/procfs.ts';

/** USER_HZ, in which /proc counts on every architecture that Node runs on (time(7)). */
const TICK_MS = 10;
/** utime, stime, cutime, cstime of /proc/self/stat, counted behind the name (proc_pid_stat(5)). */
const FIRST = 14 - 3;
const LAST = 17 - 3;

/** Processor time that this process has used, and the programs that it has started and that have ended. */
export function readEffortMs(): number {
	const stat = readText('/proc/self/stat');
	const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	return fields.slice(FIRST, LAST + 1).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
}
