import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, ProxyIdentity, RunningProxy } from '../../envoy/runtime.ts';
import { removeAdmin } from '../envoy/admin-folder.ts';
import { writeOrFail } from '../files/state-file.ts';
import { commandLineOf, type ProcessFacts, pids, readProcess, readText } from '../sockets/procfs.ts';

/** An Envoy that a daemon has started as a child process. */
export interface NotedEnvoy extends ProxyIdentity {
	readonly uid: number;
	readonly startedAt: string;
	/** The daemon's pid. */
	readonly parent: number;
}

/** A file with the Envoys that run: a daemon that is killed leaves them running, and they hold their ports. */
export interface ProcessNotes {
	readonly add: (noted: NotedEnvoy) => void;
	readonly remove: (instance: string) => void;
	readonly read: () => readonly NotedEnvoy[];
}

export function createProcessNotes(stateDirectory: string): ProcessNotes {
	const path = join(stateDirectory, 'envoy-processes.json');
	const read = () => parseNotes(readText(path));
	const write = (all: readonly NotedEnvoy[]) => {
		try {
			if (all.length === 0) rmSync(path, { force: true });
			else writeOrFail(path, `${JSON.stringify(all)}\n`, 0o600);
		} catch {
			// An unwritable folder is reported elsewhere; Envoy runs all the same.
		}
	};
	const others = (instance: string) => read().filter((noted) => noted.instance !== instance);
	return {
		add: (noted) => write([...others(noted.instance), noted]),
		remove: (instance) => write(others(instance)),
		read,
	};
}

function parseNotes(text: string): readonly NotedEnvoy[] {
	try {
		const all: unknown = JSON.parse(text);
		return Array.isArray(all) ? all.filter(isNotedEnvoy) : [];
	} catch {
		return [];
	}
}

const isNotedEnvoy = (value: Partial<NotedEnvoy> | null): value is NotedEnvoy =>
	typeof value?.instance === 'string' &&
	value.instance.length >= SHORTEST_INSTANCE &&
	typeof value.uid === 'number' &&
	typeof value.admin === 'object';
/** A random UUID has 36 characters; a short text would be found in other command lines. */
const SHORTEST_INSTANCE = 16;

/**
 * Noted Envoys that run without their daemon. A process is one of them by its instance among its arguments and its user;
 * others are left alone. Their hash is '', so that each is replaced: nobody reads their output any more.
 */
export function findOrphans(notes: ProcessNotes): RunningProxy[] {
	const noted = notes.read();
	if (noted.length === 0) return [];
	const lines = pids().map((pid) => ({ pid, line: commandLineOf(pid) }));
	return noted.flatMap((each) => {
		const all = lines.filter(({ line }) => line.includes(each.instance)).flatMap(({ pid }) => readProcess(pid) ?? []);
		const own = all.filter((process) => isOrphan(process, each));
		const leader = own.find(({ pid, session }) => pid === session) ?? own[0];
		if (leader !== undefined) return [runningOf(each, leader, () => deleteNotes(notes, each))];
		if (all.length === 0) deleteNotes(notes, each);
		return [];
	});
}

function deleteNotes(notes: ProcessNotes, noted: NotedEnvoy): void {
	notes.remove(noted.instance);
	removeAdmin(noted);
}

/**
 * Started in a session of its own, by a daemon that is not its parent any more. From outside our PID namespace that session is 0
 * here (pid_namespaces(7)), which kill(2) takes for our own group.
 */
const isOrphan = ({ uid, group, session, parent }: ProcessFacts, noted: NotedEnvoy): boolean =>
	uid === noted.uid && group === session && group > 0 && parent !== noted.parent;

function runningOf(noted: NotedEnvoy, { pid, session, startTicks }: ProcessFacts, onEnd: () => void): RunningProxy {
	const { instance, admin, startedAt } = noted;
	const isThere = () => readProcess(pid)?.startTicks === startTicks;
	// Does not keep this process from ending.
	const exited = untilGone(isThere, { ref: false }).finally(onEnd);
	return {
		...{ instance, admin, startedAt, exited },
		hash: '',
		id: `pid ${pid}`,
		image: '',
		async stop(graceMs) {
			const deadlineMs = performance.now() + graceMs;
			if (graceMs > 0) signalGroup(session, 'SIGTERM');
			await untilGone(() => isThere() && performance.now() < deadlineMs);
			if (isThere()) signalGroup(session, 'SIGKILL');
			return untilGone(isThere).finally(onEnd);
		},
		promote: async () => undefined,
	};
}

/** Only a parent learns how a process has ended. */
async function untilGone(isThere: () => boolean, { ref = true } = {}): Promise<Exit> {
	while (isThere()) await sleep(POLL_MS, undefined, { ref });
	return { code: undefined, signal: undefined };
}

const POLL_MS = 50;

function signalGroup(group: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-group, signal);
	} catch {
		// The group is empty.
	}
}

/** For a daemon whose settings run Envoy in another way. */
export async function endOrphans(notes: ProcessNotes, graceMs: number): Promise<void> {
	await Promise.all(findOrphans(notes).map((orphan) => orphan.stop(graceMs)));
}
