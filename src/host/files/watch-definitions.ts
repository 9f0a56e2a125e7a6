import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type WatchedFolder, type WatchHandlers, type WatchTimes, watchFolders } from './watch-folders.ts';

/** An editor's save, or a checkout of many files, is several events. */
const TIMES: WatchTimes = { pause: { quietMs: 5, longestMs: 1_000 }, pollMs: 30_000, blindPollMs: 3_000 };

/**
 * Calls back after changes of these files and folders, and of all that is in them, until the signal is aborted. They may
 * vanish and come back: their own folders are watched too.
 */
export const watchDefinitions = (paths: readonly string[], handlers: WatchHandlers, signal: AbortSignal): void =>
	watchFolders(() => paths.flatMap(foldersAround), TIMES, handlers, signal);

const foldersAround = (path: string): WatchedFolder[] => [
	{ folder: dirname(path), matters: (name) => name === null || name === basename(path) },
	...foldersFrom(path).map((folder) => ({ folder, matters: () => true })),
];

function foldersFrom(path: string): string[] {
	try {
		const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		return [path, ...below.flatMap(({ name }) => foldersFrom(join(path, name)))];
	} catch {
		// A file, or not there: its folder tells.
		return [];
	}
}
