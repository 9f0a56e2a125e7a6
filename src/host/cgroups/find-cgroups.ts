import { statSync } from 'node:fs';
import { join } from 'node:path';
import { foldersIn } from '../../lib/fs.ts';
import type { Unit, UnitCgroup } from '../../values/unit-name.ts';
import { readText } from '../sockets/procfs.ts';
import { findCgroupRoot } from './cgroup-root.ts';

/** The cgroups of those of these units that are there. */
export function findCgroups(units: readonly Unit[]): UnitCgroup[] {
	const root = findCgroupRoot();
	if (root === undefined || units.length === 0) return [];
	const paths = units.some(isNamed) ? pathsByName(root) : new Map<string, string>();
	return units.flatMap((unit) => {
		const path = isNamed(unit) ? paths.get(unit) : unit;
		const id = path === undefined ? undefined : idOf(join(root, path));
		return path === undefined || id === undefined ? [] : [{ unit, path, id }];
	});
}

/** The id of the cgroup that has this path now; undefined: none. */
export function cgroupAt(path: string): number | undefined {
	const root = findCgroupRoot();
	return root === undefined ? undefined : idOf(join(root, path));
}

/** Those of a path, and of all above it. */
export function cgroupsAlong(path: string): readonly number[] {
	const root = findCgroupRoot();
	if (root === undefined) return [];
	const parts = path.split('/').filter(Boolean);
	const paths = [root, ...parts.map((_, at) => join(root, ...parts.slice(0, at + 1)))];
	return paths.map(idOf).filter((id) => id !== undefined);
}

/** The same of a unit; undefined where there is none of this name. */
export const cgroupsOfUnit = (unit: string): readonly number[] | undefined =>
	findCgroups([unit as Unit]).map(({ path }) => cgroupsAlong(path))[0];

/** By the id of each cgroup that is one of these or below one: of which. */
export function holdersOf(cgroups: readonly UnitCgroup[]): ReadonlyMap<number, readonly number[]> {
	const root = findCgroupRoot();
	const pairs = cgroups.flatMap(({ path, id }) => idsFrom(join(root ?? '', path)).map((below) => ({ below, id })));
	return new Map([...Map.groupBy(pairs, ({ below }) => below)].map(([below, of]) => [below, of.map(({ id }) => id)]));
}

const idsFrom = (folder: string): number[] => [
	...[idOf(folder)].filter((id) => id !== undefined),
	...foldersIn(folder).flatMap((name) => idsFrom(join(folder, name))),
];

/** In which cgroup a process is; '' where nobody says. */
export const cgroupOf = (pid: number): string => /^0::(\/.*)$/m.exec(readText(`/proc/${pid}/cgroup`))?.[1] ?? '';

export const isNamed = (unit: Unit): boolean => !unit.startsWith('/');

/** The number of a cgroup is that of its folder (cgroup_id, linux/cgroup.h). */
function idOf(folder: string): number | undefined {
	try {
		const found = statSync(folder);
		return found.isDirectory() ? found.ino : undefined;
	} catch {
		return undefined;
	}
}

/** The path of each unit of the host's systemd: its slices are in one another, and all else is in a slice (systemd.slice(5)). */
function pathsByName(root: string): ReadonlyMap<string, string> {
	const slices = slicesBelow(root, '');
	return new Map(slices.flatMap((slice) => foldersIn(join(root, slice)).map((name) => [name, `${slice}/${name}`])));
}

/** Itself included. */
export const slicesBelow = (root: string, path: string): string[] => [
	path,
	...foldersIn(join(root, path))
		.filter((name) => name.endsWith('.slice'))
		.flatMap((name) => slicesBelow(root, `${path}/${name}`)),
];
