import { chmodSync, closeSync, fsync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ensureDirectory } from './fs.ts';

/**
 * Files that are replaced as a whole, and are whole after a power cut too: XFS and ext4 may keep the new name of a file
 * and lose what is in it, unless it was on the disk before (fsync(2), which the folder needs as well).
 */

/** Where it is until it is on the disk. */
export const draftOf = (path: string): string => `${path}.new`;

/** On the disk when this returns, which may take as long as the disk likes. */
export function writeDurably(path: string, text: string, mode: number): void {
	const draft = draftOf(path);
	try {
		writeWhole(draft, text, mode);
		syncNow(draft);
		renameSync(draft, path);
	} catch (cause) {
		removeQuietly(draft);
		throw cause;
	}
	try {
		syncNow(dirname(path));
	} catch (cause) {
		// Whoever is told that it failed counts on nothing being there.
		removeQuietly(path);
		throw cause;
	}
}

/** Whole, or as it was before, also for whoever kills us at this moment; nobody waits for the disk. */
export function writeDraft(path: string, text: string, mode: number): void {
	const part = `${path}.part`;
	try {
		writeWhole(part, text, mode);
		renameSync(part, draftOf(path));
	} catch (cause) {
		removeQuietly(part);
		throw cause;
	}
}

/** The draft takes its place once it is on the disk; `isLast`: no newer one has come meanwhile. */
export async function publishDraft(path: string, isLast: () => boolean): Promise<void> {
	await sync(draftOf(path));
	if (!isLast()) return;
	renameSync(draftOf(path), path);
	await sync(dirname(path));
}

function writeWhole(path: string, text: string, mode: number): void {
	ensureDirectory(dirname(path), 0o755);
	writeFileSync(path, text, { mode });
	// Whatever our umask leaves of it.
	chmodSync(path, mode);
}

function syncNow(path: string): void {
	const file = openSync(path, 'r');
	try {
		fsyncSync(file);
	} finally {
		closeSync(file);
	}
}

async function sync(path: string): Promise<void> {
	const file = openSync(path, 'r');
	try {
		await promisify(fsync)(file);
	} finally {
		closeSync(file);
	}
}

/** What made the writing fail is what is told. */
function removeQuietly(path: string): void {
	try {
		rmSync(path, { force: true });
	} catch {
		// It is no file that counts.
	}
}
