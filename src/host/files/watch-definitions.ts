import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '../../lib/clock.ts';
import { debounce } from '../../lib/debounce.ts';

/** An editor's save, or a checkout of many files, is several events. */
const PAUSE = { quietMs: 5, longestMs: 1_000 } as const;
/** For file systems that tell nothing, such as those of the network; and where the kernel does not let us watch. */
const POLL_MS = 30_000;
const BLIND_POLL_MS = 3_000;

export interface WatchHandlers {
	readonly onChange: () => void;
	/** Not all of it can be watched, such as where the kernel's limit is reached (inotify(7)); told once. */
	readonly onBlind: (why: string) => void;
}

/**
 * Calls back after changes of these files and folders, and of all that is in them, until the signal is aborted. They may
 * vanish and come back: their own folders are watched too.
 */
export function watchDefinitions(paths: readonly string[], handlers: WatchHandlers, signal: AbortSignal): void {
	let watchers: FSWatcher[] = [];
	let blind = '';
	const { call: later, cancel } = debounce(systemClock, PAUSE, () => {
		begin();
		handlers.onChange();
	});
	const begin = () => {
		const [former, wasBlind] = [watchers, blind !== ''];
		// The new ones first: nothing happens unseen in between.
		({ watchers, blind } = watchAll(paths, later));
		for (const watcher of former) watcher.close();
		if (blind !== '' && !wasBlind) handlers.onBlind(blind);
	};
	let poll: NodeJS.Timeout | undefined;
	const pollAgain = () => {
		poll = setTimeout(
			() => {
				later();
				pollAgain();
			},
			blind === '' ? POLL_MS : BLIND_POLL_MS,
		).unref();
	};
	begin();
	pollAgain();
	signal.addEventListener('abort', () => {
		clearTimeout(poll);
		cancel();
		for (const watcher of watchers) watcher.close();
	});
}

/** `blind`: why some cannot be watched. */
function watchAll(paths: readonly string[], onEvent: () => void): { watchers: FSWatcher[]; blind: string } {
	let blind = '';
	const watchOne = (folder: string, onName: (name: string | null) => void): FSWatcher[] => {
		try {
			const watcher = watch(folder, { persistent: false }, (_, name) => onName(name));
			watcher.on('error', onEvent);
			return [watcher];
		} catch (error) {
			// What is not there is told by the folder that it will be in.
			const { code, message } = error as NodeJS.ErrnoException;
			if (code !== 'ENOENT' && code !== 'ENOTDIR') blind = message;
			return [];
		}
	};
	const watchers = paths.flatMap((path) => {
		const onName = (name: string | null) => {
			if (name === null || name === basename(path)) onEvent();
		};
		return [...watchOne(dirname(path), onName), ...foldersFrom(path).flatMap((folder) => watchOne(folder, onEvent))];
	});
	return { watchers, blind };
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
