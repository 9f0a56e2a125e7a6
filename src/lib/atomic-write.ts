import { chmodSync, closeSync, fsync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ensureDirectory, removeQuietly } from './fs.ts';

/**
 * Atomic, durable file replacement: write a draft, fsync, rename, fsync the directory. Without the fsync, XFS and ext4
 * may keep the rename but lose the content in a power failure; the directory needs its own (fsync(2)).
 */

/** The path of the new content until it is synced. */
export const draftOf = (path: string): string => `${path}.new`;

/** Synchronous: the file is on the disk when this returns. May block for as long as the disk takes. */
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
		// Callers rely on it: after an error the file does not exist.
		removeQuietly(path);
		throw cause;
	}
}

/** Writes the draft without waiting for the disk. A kill at any moment leaves the former draft or the new one. */
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

/** Syncs the draft, then renames it into place unless `isLast` says that a newer draft was written meanwhile. */
export async function publishDraft(path: string, isLast: () => boolean): Promise<void> {
	await sync(draftOf(path));
	if (!isLast()) return;
	renameSync(draftOf(path), path);
	await sync(dirname(path));
}

function writeWhole(path: string, text: string, mode: number): void {
	ensureDirectory(dirname(path), 0o755);
	writeFileSync(path, text, { mode });
	// The umask may have cleared bits.
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

/** Of a folder: its entries, which are not synced with the files themselves (fsync(2)). */
export async function sync(path: string): Promise<void> {
	const file = openSync(path, 'r');
	try {
		await promisify(fsync)(file);
	} finally {
		closeSync(file);
	}
}
