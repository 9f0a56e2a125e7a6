import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { Pages } from '../../control/pages.ts';
import { failureOf } from '../../failure.ts';
import { createMutex } from '../../lib/mutex.ts';
import type { Log } from '../../log.ts';
import type { Folder } from '../../store/folder-store.ts';
import { CLAIM, claimFolder, refuseServed } from './claim-folder.ts';

interface Around extends Pick<Folder, 'root' | 'watch'> {
	readonly log: Log;
	readonly signal: AbortSignal;
}

/**
 * Claims a folder, and does so again where another folder takes its place or its socket is removed: else a second one would not
 * be kept away any more, and nobody could ask for the status.
 */
export async function keepClaimed({ root, watch, log, signal }: Around, pages: Pages): Promise<Disposable> {
	let claim: Disposable | undefined = await claimFolder(root, pages, log);
	let mark = markOf(root);
	const renew = async (): Promise<void> => {
		const found = markOf(root);
		if (signal.aborted || found === mark || lstatSync(root, { throwIfNoEntry: false }) === undefined) return;
		mark = found;
		// Letting go of ours would remove that of another one, if it is in the same folder.
		if (found !== '') await refuseServed(root);
		claim?.[Symbol.dispose]();
		claim = undefined;
		claim = await claimFolder(root, pages, log);
		mark = markOf(root);
		log('warn', 'the folder was claimed again', { definitions: root });
	};
	const inTurn = createMutex();
	const tell = (error: unknown): void => {
		const { message: why, remedy } = failureOf(error);
		log('error', 'the folder is another one, which cannot be claimed', { why, remedy });
	};
	watch(() => void inTurn(renew).catch(tell), signal);
	return { [Symbol.dispose]: () => claim?.[Symbol.dispose]() };
}

/** Which file the socket is; '' where there is none. */
function markOf(root: string): string {
	const stats = lstatSync(join(root, CLAIM), { throwIfNoEntry: false });
	return stats === undefined ? '' : `${stats.dev} ${stats.ino}`;
}
