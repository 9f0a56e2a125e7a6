// The one thing that holds a container's processes together once its Docker is dead. One folder per controller in the first
// version of cgroups, a single one in the second.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { untilExit } from './cleanup.ts';
import { isStale, ownName } from './owner.ts';
import { killAll } from './processes.ts';

const root = '/sys/fs/cgroup';

export function removeCgroup(name: string): void {
	const folders = hierarchies()
		.map((hierarchy) => join(hierarchy, name))
		.filter((folder) => existsSync(folder))
		.flatMap(deepestFirst);
	killAll(() => folders.flatMap(processesIn));
	for (const folder of folders) removeFolder(folder);
}

export function removeStaleCgroups(): void {
	for (const name of new Set(hierarchies().flatMap(foldersIn).filter(isStale))) removeCgroup(name);
}

function removeFolder(folder: string): void {
	try {
		rmdirSync(folder);
	} catch (error) {
		// Two suites may clean up at the same time.
		if (existsSync(folder)) throw error;
	}
}

const hierarchies = (): string[] => [root, ...foldersIn(root).map((name) => join(root, name))];

function foldersIn(folder: string): string[] {
	try {
		return readdirSync(folder, { withFileTypes: true })
			.filter((entry) => entry.isDirectory())
			.map(({ name }) => name);
	} catch {
		return [];
	}
}

const deepestFirst = (folder: string): string[] => [
	...foldersIn(folder).flatMap((name) => deepestFirst(join(folder, name))),
	folder,
];

function processesIn(folder: string): number[] {
	try {
		return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
	} catch {
		return [];
	}
}

export interface MemoryCgroup extends Disposable {
	/** A program, with its arguments, that runs another with this memory and no more. */
	readonly through: readonly string[];
	/** In bytes; from now on. */
	readonly limit: (bytes: number) => void;
	/** What is used now, in bytes. */
	readonly used: () => number;
}

/** Processes that share a memory of their own: who takes more than there is makes the kernel end the largest. */
export function createMemoryCgroup(): MemoryCgroup {
	const name = ownName('memory');
	const isFirst = existsSync(join(root, 'memory'));
	const folder = isFirst ? join(root, 'memory', name) : join(root, name);
	const dispose = untilExit(() => removeCgroup(name));
	if (!isFirst) writeFileSync(join(root, 'cgroup.subtree_control'), '+memory');
	mkdirSync(folder);
	const [limit, used] = isFirst ? ['memory.limit_in_bytes', 'memory.usage_in_bytes'] : ['memory.max', 'memory.current'];
	return {
		through: ['sh', '-c', 'echo $$ > "$0/cgroup.procs"; exec "$@"', folder],
		limit: (bytes) => writeFileSync(join(folder, limit), String(bytes)),
		used: () => Number(readFileSync(join(folder, used), 'utf8')),
		[Symbol.dispose]: dispose,
	};
}
