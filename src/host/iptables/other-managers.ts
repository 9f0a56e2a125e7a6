import { commOf, pids, readText } from '../sockets/procfs.ts';

/** Those that run here, by their names in the kernel (proc_pid_comm(5)), and ufw if it is enabled: it has no process. */
export function ruleManagers(known: readonly string[]): string[] {
	const names = new Set(pids().map(commOf));
	const isUfwOn = /^ENABLED=yes/m.test(readText('/etc/ufw/ufw.conf'));
	return [...known.filter((name) => names.has(name)), ...(isUfwOn ? ['ufw'] : [])];
}
