import { join } from 'node:path';
import type { Unit } from '../../values/unit-name.ts';
import { type WatchedFolder, type WatchHandlers, type WatchTimes, watchFolders } from '../files/watch-folders.ts';
import { findCgroupRoot } from './cgroup-root.ts';
import { isNamed, slicesBelow } from './find-cgroups.ts';

/** A unit that starts is not to wait; where many start at once, they are one change. */
const TIMES: WatchTimes = { pause: { quietMs: 1, longestMs: 20 }, pollMs: 30_000, blindPollMs: 1_000 };

/** Calls back when a cgroup of one of these units may have come or gone, until the signal is aborted. */
export function watchCgroups(units: readonly Unit[], handlers: WatchHandlers, signal: AbortSignal): void {
	const root = findCgroupRoot();
	if (root !== undefined && units.length > 0) watchFolders(() => foldersOf(root, units), TIMES, handlers, signal);
}

/** Every slice, as a unit may be in any, and whatever a path leads through. */
function foldersOf(root: string, units: readonly Unit[]): WatchedFolder[] {
	const names = new Set(units.flatMap((unit) => unit.split('/')));
	const matters: WatchedFolder['matters'] = (name, isMove) =>
		isMove && (name === null || names.has(name) || name.endsWith('.slice'));
	const slices = units.some(isNamed) ? slicesBelow(root, '') : [];
	const parents = units.filter((unit) => !isNamed(unit)).flatMap(parentsOf);
	return [...new Set([...slices, ...parents])].map((path) => ({ folder: join(root, path), matters }));
}

/** `/a/b/c` is in `/a/b`, that in `/a`, and that in ''. */
const parentsOf = (path: string): string[] =>
	path
		.split('/')
		.slice(1)
		.map((_, at, parts) => ['', ...parts.slice(0, at)].join('/'));
