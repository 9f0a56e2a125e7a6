import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The process that holds a socket, for messages. Expensive: walks all processes. */
export function ownerOf(inode: string): string {
	const pid = pids().find((process) => holdsSocket(process, inode));
	return pid === undefined ? 'unknown' : `${programOf(pid)} (pid ${pid})`;
}

const holdsSocket = (pid: string, inode: string): boolean =>
	readdir(`/proc/${pid}/fd`).some((fd) => readLink(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);

/** By socket inode, the group that netfilter's owner match sees: the filesystem gid (proc_pid_status(5)). */
export function readGroups(): Map<string, number> {
	const groups = new Map<string, number>();
	for (const pid of pids()) {
		const [, group] = /^Gid:(?:\s+\d+){3}\s+(\d+)$/m.exec(readText(`/proc/${pid}/status`)) ?? [];
		if (group !== undefined) for (const inode of socketsOf(pid)) groups.set(inode, Number(group));
	}
	return groups;
}

/** The inodes of a process's sockets. */
export const socketsOf = (pid: string): string[] =>
	readdir(`/proc/${pid}/fd`).flatMap(
		(fd) => /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [],
	);

/** Of all visible processes. */
export const pids = (): string[] => readdir('/proc').filter((name) => /^\d+$/.test(name));
/** The kernel's name of a process (proc_pid_comm(5)); '' if it has ended. */
export const commOf = (pid: string | number): string => readText(`/proc/${pid}/comm`).trim();

/** Program and arguments, each zero-terminated; '' if it has ended. */
export const commandLineOf = (pid: string | number): string => readText(`/proc/${pid}/cmdline`);

export interface ProcessFacts {
	readonly pid: number;
	readonly uid: number;
	readonly parent: number;
	readonly group: number;
	readonly session: number;
	/** Start time in clock ticks since boot; together with the pid it identifies a process. */
	readonly startTicks: string;
}

/** Undefined if it has ended, zombies included (proc_pid_stat(5), proc_pid_status(5)). */
export function readProcess(pid: string | number): ProcessFacts | undefined {
	const stat = readText(`/proc/${pid}/stat`);
	// The name may hold spaces and parentheses: fields are counted after it.
	const [state, parent, group, session, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [, uid] = /^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`)) ?? [];
	if (uid === undefined || state === 'Z' || state === 'X') return undefined;
	return {
		...{ pid: Number(pid), uid: Number(uid), parent: Number(parent), group: Number(group), session: Number(session) },
		startTicks: more[START_TICKS - 7] ?? '',
	};
}
/** The field's number in proc_pid_stat(5); `more` begins with field 7. */
const START_TICKS = 22;

export const parentOf = (pid: number): number | undefined => readProcess(pid)?.parent || undefined;

/**
 * A process's name as people know it. The kernel's name is that of its first thread, which Node.js and others rename: if it
 * occurs neither in the executable nor among the arguments, the executable's name is used.
 */
export function programOf(pid: string | number): string {
	const name = commOf(pid);
	const words = readText(`/proc/${pid}/cmdline`).split(/[\0 :]+/);
	const executable = readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '') || (words[0] ?? '');
	const isKnown = [executable, ...words].some((word) => basename(word).slice(0, LONGEST_NAME) === name);
	return isKnown ? name : basename(executable) || name;
}

/** TASK_COMM_LEN (proc_pid_comm(5)) without the terminating zero. */
const LONGEST_NAME = 15;

/** Processes come and go, and others' may be inaccessible: what cannot be read counts as empty. */
const readdir = (path: string): string[] => quietly(() => readdirSync(path), []);
const readLink = (path: string): string => quietly(() => readlinkSync(path), '');
export const readText = (path: string): string => quietly(() => readFileSync(path, 'utf8'), '');

function quietly<T>(read: () => T, otherwise: T): T {
	try {
		return read();
	} catch {
		return otherwise;
	}
}
