// The one thing that holds a container's processes together once its Docker is dead. One folder per controller in the first
// version of cgroups, a single one in the second.
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { foldersIn } from '../../../src/lib/fs.ts';
import { untilExit } from './cleanup.ts';
import type { Namespace } from './namespace.ts';
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

/** Of all the processes in it, and below: one that is there already. */
export function limitMemory(name: string, bytes: number): void {
	const files = [join(root, 'memory', name, 'memory.limit_in_bytes'), join(root, name, 'memory.max')];
	const file = files.find((each) => existsSync(each));
	if (file === undefined) throw new Error(`Nothing limits the memory of ${name}`);
	writeFileSync(file, String(bytes));
}

/** A process that has just been killed is in it for a moment longer. */
function removeEmptied(folder: string): void {
	const deadline = performance.now() + DYING_MS;
	while (existsSync(folder))
		try {
			rmdirSync(folder);
		} catch (error) {
			if (performance.now() > deadline) throw error;
			Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
		}
}

const DYING_MS = 10_000;

function removeFolder(folder: string): void {
	try {
		rmdirSync(folder);
	} catch (error) {
		// Two suites may clean up at the same time.
		if (existsSync(folder)) throw error;
	}
}

const hierarchies = (): string[] => [root, ...foldersIn(root).map((name) => join(root, name))];

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

/** A slice of units, as systemd would make it, in the second version of cgroups. */
export interface TestSlice extends Disposable {
	/** Below the root of all. */
	readonly path: string;
	/** The unit's cgroup is made, with these processes. */
	readonly start: (unit: string, ...pids: readonly number[]) => void;
	/** It is emptied, and removed. */
	readonly end: (unit: string) => void;
	readonly pids: (unit: string) => readonly number[];
	/** The same namespace, whose programs begin in the unit. */
	readonly inside: (unit: string, namespace: Namespace) => Namespace;
}

export function createSlice(): TestSlice {
	const name = `${ownName('units')}.slice`;
	const second = existsSync(join(root, 'unified')) ? join(root, 'unified') : root;
	const folder = join(second, name);
	const dispose = untilExit(() => {
		for (const unit of foldersIn(folder)) end(unit);
		removeFolder(folder);
	});
	mkdirSync(folder);
	const move = (pid: number, to: string) => writeFileSync(join(to, 'cgroup.procs'), String(pid));
	function end(unit: string): void {
		for (const pid of processesIn(join(folder, unit))) move(pid, second);
		removeEmptied(join(folder, unit));
	}
	return {
		path: `/${name}`,
		start(unit, ...pids) {
			mkdirSync(join(folder, unit));
			for (const pid of pids) move(pid, join(folder, unit));
		},
		end,
		pids: (unit) => processesIn(join(folder, unit)),
		inside: (unit, namespace) =>
			through(namespace, 'sh', ['-ec', 'echo $$ > "$0/cgroup.procs"; exec "$@"', join(folder, unit)]),
		[Symbol.dispose]: dispose,
	};
}

const layouts = {
	/** As on a host with nothing but the second version. */
	second: 'mount -t cgroup2 cgroup2 /sys/fs/cgroup',
	/** With the first version beside it. */
	both: 'mount -t tmpfs tmpfs /sys/fs/cgroup; mkdir /sys/fs/cgroup/unified; mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified',
	first: 'mount -t tmpfs tmpfs /sys/fs/cgroup',
} as const;

/** The same namespace, whose programs see cgroups as on such a host, whatever this machine has. */
export const withCgroups = (namespace: Namespace, layout: keyof typeof layouts): Namespace =>
	through(namespace, 'unshare', [
		...['--mount', '--propagation', 'private', 'sh', '-ec', `${layouts[layout]}; exec "$@"`, 'sh'],
	]);

/** The same namespace, whose programs are run by another one, which execs. */
const through = (namespace: Namespace, program: string, words: readonly string[]): Namespace => ({
	...namespace,
	run: (file, args, options) => namespace.run(program, [...words, file, ...args], options),
	tryRun: (file, args, options) => namespace.tryRun(program, [...words, file, ...args], options),
	spawn: (file, args, options) => namespace.spawn(program, [...words, file, ...args], options),
});

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
