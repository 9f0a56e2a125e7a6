import { readlinkSync } from 'node:fs';
import { commandLineOf, commOf, pids } from '../sockets/procfs.ts';

/** Command lines of a turnout that keeps rules; arguments end with a zero byte (proc_pid_cmdline(5)). */
const RUNNING = /(?:^|\0|\/)(?:turnout\.cjs|turnout|main\.ts)\0(?:run|init|route-manager)\0/;

/** Whether another turnout runs in this network namespace: chains with our names may be its own. */
export const hasNeighbour = (): boolean => {
	const network = networkOf('self');
	return pids().some(
		(pid) => pid !== String(process.pid) && RUNNING.test(commandLineOf(pid)) && networkOf(pid) === network,
	);
};

/** The 2019 script's name in the kernel, which cuts it (proc_pid_comm(5)); ours is `node` by then. */
const SCRIPT = 'appmesh-route-m';

/** Processes of the 2019 script in this network namespace. */
export const runningScripts = (): string[] => {
	const network = networkOf('self');
	return pids().filter((pid) => commOf(pid) === SCRIPT && networkOf(pid) === network);
};

/** See network_namespaces(7); '' for a process that has ended. */
function networkOf(pid: string): string {
	try {
		return readlinkSync(`/proc/${pid}/ns/net`);
	} catch {
		return '';
	}
}
