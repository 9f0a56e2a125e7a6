import {
	closeSync,
	fchmodSync,
	fchownSync,
	fsync,
	fsyncSync,
	openSync,
	renameSync,
	statSync,
	writeFileSync,
} from 'node:fs';
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
export function writeDraft(path: string, text: string, mode: number, owner?: Owner): void {
	const part = `${path}.part`;
	try {
		writeWhole(part, text, mode, owner);
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

/**
 * Replaces a file, whose owner and rights stay, or makes it with `mode`; no draft is left over. False: `isFormer` says that it
 * has changed, and it is left as it is.
 */
export async function replaceFile(
	path: string,
	text: string,
	{ mode, isFormer = () => true }: { readonly mode: number; readonly isFormer?: () => boolean },
): Promise<boolean> {
	const former = statSync(path, { throwIfNoEntry: false });
	let isReplaced = false;
	try {
		writeDraft(path, text, former === undefined ? mode : former.mode & 0o777, former);
		await publishDraft(path, () => {
			isReplaced = isFormer();
			return isReplaced;
		});
		return isReplaced;
	} finally {
		removeQuietly(draftOf(path));
	}
}

interface Owner {
	readonly uid: number;
	readonly gid: number;
}

/** Only root gives files away. Whoever else may replace the file becomes its owner, and keeps its group if it is in that. */
function giveTo({ uid, gid }: Owner, file: number): void {
	const own = process.geteuid?.();
	try {
		fchownSync(file, own === 0 ? uid : (own ?? uid), gid);
	} catch (cause) {
		// A file that its reader cannot read any more would be worse than none.
		if (own === 0) throw cause;
	}
}

/** A file of its own, through no link that somebody has put in its place. */
function writeWhole(path: string, text: string, mode: number, owner?: Owner): void {
	ensureDirectory(dirname(path), 0o755);
	removeQuietly(path);
	const file = openSync(path, 'wx', 0o600);
	try {
		writeFileSync(file, text);
		if (owner !== undefined) giveTo(owner, file);
		fchmodSync(file, mode);
	} finally {
		closeSync(file);
	}
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
