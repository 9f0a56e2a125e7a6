import type { Connections } from '../../connections/connections.ts';
import type { ExplainFacts, ProcessView } from '../../daemon/explain/asked-facts.ts';
import { cgroupOf, cgroupsAlong, cgroupsOfUnit } from '../cgroups/find-cgroups.ts';
import { findGroup, findUser } from '../files/accounts.ts';
import { readRouteTo } from '../netlink/route-lookup.ts';
import { lookUpNames } from '../process/look-up-names.ts';
import { programOf, readText, socketsOf } from './procfs.ts';

/** A name server that does not answer holds nobody up longer. */
const LOOK_UP_MS = 2_000;

export const createExplainFacts = (connections: Connections, signal: AbortSignal): ExplainFacts => ({
	user: findUser,
	group: findGroup,
	cgroupsOf: cgroupsOfUnit,
	addressesOf: async (host) => (await lookUpNames([host], LOOK_UP_MS, signal)).get(host),
	route: readRouteTo,
	process: (pid) => readProcessView(pid, connections),
	redirected: (of, ports) => connections.findRedirected(of, ports),
});

/** By the ids that netfilter's owner match sees: those of the file system (proc_pid_status(5)). */
async function readProcessView(pid: number, connections: Connections): Promise<ProcessView | undefined> {
	const status = readText(`/proc/${pid}/status`);
	const idOf = (name: string) => Number(new RegExp(`^${name}:(?:\\s+\\d+){3}\\s+(\\d+)$`, 'm').exec(status)?.[1]);
	if (status === '') return undefined;
	const held = new Set(socketsOf(String(pid)));
	const open = held.size === 0 ? [] : (await connections.open()).filter(({ inode }) => held.has(inode));
	return {
		program: programOf(pid),
		uid: idOf('Uid'),
		gid: idOf('Gid'),
		cgroups: cgroupsAlong(cgroupOf(pid)),
		connections: open,
	};
}
