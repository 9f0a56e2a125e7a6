import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeQuietly } from '../../lib/fs.ts';
import { makeForContainer, makeForUser } from '../envoy/admin-folder.ts';
import type { Run } from '../process/runner.ts';

/** Its folder outlives the daemon: an Envoy that goes on in a container has it mounted. `control`: see adminFolder. */
export const adsSocket = (control: string): string => join(`${control}.xds`, 'ads', 'socket');

export interface AdsUser {
	/** Where Envoy runs. In a container: the folder is mounted into it. */
	readonly runtime: 'docker' | 'process' | 'none';
	readonly uid: number;
}

/** A folder that only Envoy's user can enter, as for its admin socket. */
export async function makeAdsFolder(socketPath: string, { runtime, uid }: AdsUser, run: Run): Promise<void> {
	const folder = statSync(dirname(socketPath), { throwIfNoEntry: false });
	const owners = { docker: [process.geteuid?.()], process: [uid], none: [process.geteuid?.(), uid] }[runtime];
	// That of a former daemon, for the same kind of Envoy.
	if (folder?.isDirectory() && owners.includes(folder.uid)) return;
	removeQuietly(dirname(socketPath), { recursive: true });
	if (runtime === 'docker') return makeForContainer(socketPath);
	await makeForUser(socketPath, uid, run).catch((error) => {
		if (runtime === 'process') throw error;
		// Without the right to act as that user: an Envoy in a container that somebody else runs can still have it mounted.
		removeQuietly(dirname(socketPath), { recursive: true });
		makeForContainer(socketPath);
	});
}

/** Once no Envoy needs it. */
export const removeAdsFolder = (socketPath: string): void =>
	removeQuietly(dirname(dirname(socketPath)), { recursive: true });
