import { readlinkSync } from 'node:fs';
import { commandLineOf, pids } from '../sockets/procfs.ts';

/** What puts rules there and may stay, as its command line says (arguments end with a zero: proc_pid_cmdline(5)). */
const RUNNING = /(?:^|\0|\/)(?:turnout\.cjs|turnout|main\.ts)\0(?:run|init|route-manager)\0/;

/** Whether another turnout runs in this network: what bears our names may be its. */
export const hasNeighbour = (): boolean => {
	const network = networkOf('self');
	return pids().some(
		(pid) => pid !== String(process.pid) && RUNNING.test(commandLineOf(pid)) && networkOf(pid) === network,
	);
};

/** network_namespaces(7); '' where it has ended. */
function networkOf(pid: string): string {
	try {
		return readlinkSync(`/proc/${pid}/ns/net`);
	} catch {
		return '';
	}
}
