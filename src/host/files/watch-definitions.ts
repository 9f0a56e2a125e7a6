import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** An editor's save is several events: what follows within this time is one change. */
const QUIET_MS = 15;
/** For file systems that tell nothing, such as those of the network. */
const POLL_MS = 30_000;

/**
 * Calls back after changes of these files and folders, and of all that is in them, until the signal is aborted. They may
 * vanish and come back: their own folders are watched too.
 */
export function watchDefinitions(paths: readonly string[], onChange: () => void, signal: AbortSignal): void {
	let watchers: FSWatcher[] = [];
	let timer: NodeJS.Timeout | undefined;
	const begin = () => {
		const former = watchers;
		// The new ones first: nothing happens unseen in between.
		watchers = paths.flatMap((path) => watchersOf(path, later));
		for (const watcher of former) watcher.close();
	};
	const later = () => {
		timer ??= setTimeout(() => {
			timer = undefined;
			begin();
			onChange();
		}, QUIET_MS).unref();
	};
	const poll = setInterval(later, POLL_MS).unref();
	begin();
	signal.addEventListener('abort', () => {
		clearInterval(poll);
		clearTimeout(timer);
		for (const watcher of watchers) watcher.close();
	});
}

function watchersOf(path: string, onEvent: () => void): FSWatcher[] {
	const onName = (name: string | null) => {
		if (name === null || name === basename(path)) onEvent();
	};
	return [watchOne(dirname(path), onName), ...foldersFrom(path).map((folder) => watchOne(folder, onEvent))].flatMap(
		(watcher) => watcher ?? [],
	);
}

function foldersFrom(path: string): string[] {
	try {
		const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
		return [path, ...below.flatMap(({ name }) => foldersFrom(join(path, name)))];
	} catch {
		// A file, or not there: its folder tells.
		return [];
	}
}

function watchOne(folder: string, onEvent: (name: string | null) => void): FSWatcher | undefined {
	try {
		const watcher = watch(folder, { persistent: false }, (_, name) => onEvent(name));
		watcher.on('error', () => onEvent(null));
		return watcher;
	} catch {
		return undefined;
	}
}
