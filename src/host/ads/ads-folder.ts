import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { removeQuietly } from '../../lib/fs.ts';
import { makeForContainer, makeForUser } from '../envoy/admin-folder.ts';
import type { Run } from '../process/runner.ts';

/** Its folder outlives the daemon: an Envoy that goes on in a container has it mounted. `control`: see adminFolder. */
export const adsSocket = (control: string): string => join(`${control}.xds`, 'ads', 'socket');

export interface AdsUser {
	/** Envoy is a process of this host; otherwise it is in a container that the folder is mounted into. */
	readonly isProcess: boolean;
	readonly uid: number;
}

/** A folder that only Envoy's user can enter, as for its admin socket. */
export async function makeAdsFolder(socketPath: string, { isProcess, uid }: AdsUser, run: Run): Promise<void> {
	const folder = statSync(dirname(socketPath), { throwIfNoEntry: false });
	// That of a former daemon, for the same kind of Envoy.
	if (folder?.isDirectory() && folder.uid === (isProcess ? uid : process.geteuid?.())) return;
	removeQuietly(dirname(socketPath), { recursive: true });
	if (isProcess) await makeForUser(socketPath, uid, run);
	else makeForContainer(socketPath);
}

/** Once no Envoy needs it. */
export const removeAdsFolder = (socketPath: string): void =>
	removeQuietly(dirname(dirname(socketPath)), { recursive: true });
