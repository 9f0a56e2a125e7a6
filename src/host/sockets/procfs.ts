import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The process that holds the socket; looked up only when someone is to be told. */
export function ownerOf(inode: string): string {
	const pid = pids().find((process) => holdsSocket(process, inode));
	return pid === undefined ? 'unknown' : `${programOf(pid)} (pid ${pid})`;
}

const holdsSocket = (pid: string, inode: string): boolean =>
	readdir(`/proc/${pid}/fd`).some((fd) => readLink(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);

/** The group that counts for what each socket sends (the last of `Gid` in proc_pid_status(5)), by the socket's inode. */
export function readGroups(): Map<string, number> {
	const groups = new Map<string, number>();
	for (const pid of pids()) {
		const [, group] = /^Gid:(?:\s+\d+){3}\s+(\d+)$/m.exec(readText(`/proc/${pid}/status`)) ?? [];
		if (group !== undefined) for (const inode of socketsOf(pid)) groups.set(inode, Number(group));
	}
	return groups;
}

/** Inodes. */
export const socketsOf = (pid: string): string[] =>
	readdir(`/proc/${pid}/fd`).flatMap(
		(fd) => /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.slice(1) ?? [],
	);

/** Of every process that can be seen. */
export const pids = (): string[] => readdir('/proc').filter((name) => /^\d+$/.test(name));
/** The name that the kernel has for its program (proc_pid_comm(5)); '' where it has ended. */
export const commOf = (pid: string | number): string => readText(`/proc/${pid}/comm`).trim();

/** Its program and arguments, each with its closing zero; '' where it has ended. */
export const commandLineOf = (pid: string | number): string => readText(`/proc/${pid}/cmdline`);

export interface ProcessFacts {
	readonly pid: number;
	readonly uid: number;
	readonly parent: number;
	readonly group: number;
	readonly session: number;
	/** When it started, in clock ticks since the host did: with the pid, no other process's. */
	readonly startTicks: string;
}

/** Undefined where it has ended, waited for by its parent or not (proc_pid_stat(5), proc_pid_status(5)). */
export function readProcess(pid: string | number): ProcessFacts | undefined {
	const stat = readText(`/proc/${pid}/stat`);
	// The name may hold anything: what follows is counted behind it.
	const [state, parent, group, session, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
	const [, uid] = /^Uid:\s+(\d+)/m.exec(readText(`/proc/${pid}/status`)) ?? [];
	if (uid === undefined || state === 'Z' || state === 'X') return undefined;
	return {
		...{ pid: Number(pid), uid: Number(uid), parent: Number(parent), group: Number(group), session: Number(session) },
		startTicks: more[START_TICKS - 7] ?? '',
	};
}
/** The field's number there; the first four behind the name are 3 to 6. */
const START_TICKS = 22;

export const parentOf = (pid: number): number | undefined => readProcess(pid)?.parent || undefined;

/**
 * As a person would call it. The kernel's name is that of its first thread, to which Node.js and the like give another
 * one: where neither the program nor anything that it was started with is called so, its executable tells.
 */
export function programOf(pid: string | number): string {
	const name = commOf(pid);
	const words = readText(`/proc/${pid}/cmdline`).split(/[\0 :]+/);
	const executable = readLink(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '') || (words[0] ?? '');
	const isKnown = [executable, ...words].some((word) => basename(word).slice(0, LONGEST_NAME) === name);
	return isKnown ? name : basename(executable) || name;
}

/** TASK_COMM_LEN (proc_pid_comm(5)), without its closing zero. */
const LONGEST_NAME = 15;

/** Processes come and go, and those of others may be closed to us: what cannot be read tells nothing. */
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
