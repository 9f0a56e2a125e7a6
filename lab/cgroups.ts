// The one thing that holds a container's processes together once its Docker is dead. One folder per controller in the first
// version of cgroups, a single one in the second.
import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAbandoned } from './owner.ts';
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

export function sweepAbandonedCgroups(): void {
	for (const name of new Set(hierarchies().flatMap(foldersIn).filter(isAbandoned))) removeCgroup(name);
}

function removeFolder(folder: string): void {
	try {
		rmdirSync(folder);
	} catch (error) {
		// Two suites may sweep at the same time.
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
