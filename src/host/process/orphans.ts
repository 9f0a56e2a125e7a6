import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit, ProxyIdentity, RunningProxy } from '../../envoy/runtime.ts';
import { removeAdmin } from '../envoy/admin-folder.ts';
import { writeOrFail } from '../files/state-file.ts';
import { commandLineOf, type ProcessFacts, pids, readProcess, readText } from '../sockets/procfs.ts';

/** An Envoy that a daemon has started as its child. */
export interface Noted extends ProxyIdentity {
	readonly uid: number;
	readonly startedAt: string;
	/** The daemon's. */
	readonly parent: number;
}

/** Which ones there are, in a file: a daemon that is killed leaves them running, holding their ports. */
export interface ProcessNotes {
	readonly add: (noted: Noted) => void;
	readonly remove: (instance: string) => void;
	readonly read: () => readonly Noted[];
}

export function createProcessNotes(stateDirectory: string): ProcessNotes {
	const path = join(stateDirectory, 'envoy-processes.json');
	const read = () => notedIn(readText(path));
	const write = (all: readonly Noted[]) => {
		try {
			if (all.length === 0) rmSync(path, { force: true });
			else writeOrFail(path, `${JSON.stringify(all)}\n`, 0o600);
		} catch {
			// That the folder cannot be written is told as what it is; Envoy runs all the same.
		}
	};
	const others = (instance: string) => read().filter((noted) => noted.instance !== instance);
	return {
		add: (noted) => write([...others(noted.instance), noted]),
		remove: (instance) => write(others(instance)),
		read,
	};
}

function notedIn(text: string): readonly Noted[] {
	try {
		const all: unknown = JSON.parse(text);
		return Array.isArray(all) ? all.filter(isNoted) : [];
	} catch {
		return [];
	}
}

const isNoted = (value: Partial<Noted> | null): value is Noted =>
	typeof value?.instance === 'string' &&
	value.instance.length >= SHORTEST_INSTANCE &&
	typeof value.uid === 'number' &&
	typeof value.admin === 'object';
/** A random UUID has 36; less would be found in other command lines. */
const SHORTEST_INSTANCE = 16;

/**
 * Those of them that run without their daemon. Its arguments hold its instance, which nobody else has, and nobody else is
 * its user: what only looks like it is let alone. Of another hash than any that is wanted, as nobody reads any more what
 * it writes: it goes on until another has taken over.
 */
export function findOrphans(notes: ProcessNotes): RunningProxy[] {
	const noted = notes.read();
	if (noted.length === 0) return [];
	const lines = pids().map((pid) => ({ pid, line: commandLineOf(pid) }));
	return noted.flatMap((each) => {
		const all = lines.filter(({ line }) => line.includes(each.instance)).flatMap(({ pid }) => readProcess(pid) ?? []);
		const own = all.filter((process) => isOrphan(process, each));
		const leader = own.find(({ pid, session }) => pid === session) ?? own[0];
		if (leader !== undefined) return [runningOf(each, leader, () => forget(notes, each))];
		if (all.length === 0) forget(notes, each);
		return [];
	});
}

function forget(notes: ProcessNotes, noted: Noted): void {
	notes.remove(noted.instance);
	removeAdmin(noted);
}

/** In a session of its own, as every one is started; a daemon that lives looks after its own. */
const isOrphan = ({ uid, group, session, parent }: ProcessFacts, noted: Noted): boolean =>
	uid === noted.uid && group === session && parent !== noted.parent;

function runningOf(noted: Noted, { pid, session, startTicks }: ProcessFacts, onEnd: () => void): RunningProxy {
	const { instance, admin, startedAt } = noted;
	const isThere = () => readProcess(pid)?.startTicks === startTicks;
	// Whoever ends does not wait for it.
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

/** How it has ended is told to its parent, and to nobody else. */
async function untilGone(isThere: () => boolean, { ref = true } = {}): Promise<Exit> {
	while (isThere()) await sleep(POLL_MS, undefined, { ref });
	return { code: undefined, signal: undefined };
}

const POLL_MS = 50;

function signalGroup(group: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-group, signal);
	} catch {
		// Nobody is left in it.
	}
}

/** Where processes are no longer what is wanted. */
export async function endOrphans(notes: ProcessNotes, graceMs: number): Promise<void> {
	await Promise.all(findOrphans(notes).map((orphan) => orphan.stop(graceMs)));
}
