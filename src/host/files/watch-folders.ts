import { type FSWatcher, watch } from 'node:fs';
import { systemClock } from '../../lib/clock.ts';
import { debounce } from '../../lib/debounce.ts';

/** A folder, and of which of its entries a change matters; null: the kernel does not say of which. */
export interface WatchedFolder {
	readonly folder: string;
	readonly matters: (name: string | null, isMove: boolean) => boolean;
}

export interface WatchHandlers {
	readonly onChange: () => void;
	/** Not all of it can be watched, such as where the kernel's limit is reached (inotify(7)); told once. */
	readonly onBlind: (why: string) => void;
}

export interface WatchTimes {
	/** What follows at once is one change. */
	readonly pause: Parameters<typeof debounce>[1];
	/** For file systems that tell nothing, such as those of the network. */
	readonly pollMs: number;
	/** Where the kernel does not let us watch. */
	readonly blindPollMs: number;
}

/** Calls back after changes until the signal is aborted. Which folders there are to watch is asked again after each. */
export function watchFolders(
	list: () => readonly WatchedFolder[],
	{ pause, pollMs, blindPollMs }: WatchTimes,
	handlers: WatchHandlers,
	signal: AbortSignal,
): void {
	let watchers: FSWatcher[] = [];
	let blind = '';
	const { call: later, cancel } = debounce(systemClock, pause, () => {
		begin();
		handlers.onChange();
	});
	const begin = () => {
		const [former, wasBlind] = [watchers, blind !== ''];
		// The new ones first: nothing happens unseen in between.
		({ watchers, blind } = watchAll(list(), later));
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
			blind === '' ? pollMs : blindPollMs,
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
function watchAll(folders: readonly WatchedFolder[], onEvent: () => void): { watchers: FSWatcher[]; blind: string } {
	let blind = '';
	const watchers = folders.flatMap(({ folder, matters }) => {
		try {
			const watcher = watch(folder, { persistent: false }, (event, name) => {
				if (matters(name, event === 'rename')) onEvent();
			});
			watcher.on('error', onEvent);
			return [watcher];
		} catch (error) {
			// What is not there is told by the folder that it will be in.
			const { code, message } = error as NodeJS.ErrnoException;
			if (code !== 'ENOENT' && code !== 'ENOTDIR') blind = message;
			return [];
		}
	});
	return { watchers, blind };
}
