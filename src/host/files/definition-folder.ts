import { lstatSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../../failure.ts';
import { draftOf, publishDraft, sync, writeDraft } from '../../lib/atomic-write.ts';
import { describeFsError, ensureDirectory, removeQuietly } from '../../lib/fs.ts';
import type { Folder, FolderFile } from '../../store/folder-store.ts';
import { readDefinitions } from './definitions.ts';
import { watchDefinitions } from './watch-definitions.ts';

/** The folder of definitions, for who changes it; made where it is not there. Throws a Failure where it is none. */
export function openDefinitionFolder(path: string, onBlind: (why: string) => void): Folder {
	const root = told(path, () => {
		ensureDirectory(path, 0o755);
		return realpathSync(path);
	});
	if (!statSync(root).isDirectory()) throw unusable(path, 'it is not a folder');
	return {
		root,
		read: () => readDefinitions([root]).map(withFacts),
		write: async (file, text) => toldLater(file, () => write(root, file, text)),
		remove: async (file) => toldLater(file, () => remove(root, file)),
		watch: (onChange, signal) => watchDefinitions([root], { onChange, onBlind }, signal),
	};
}

function withFacts(file: { readonly path: string; readonly text: string }): FolderFile {
	const stats = lstatSync(file.path, { throwIfNoEntry: false });
	return { ...file, changedMs: Math.round(stats?.mtimeMs ?? 0), isLink: stats?.isSymbolicLink() === true };
}

async function write(root: string, path: string, text: string): Promise<void> {
	const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0o644;
	try {
		writeDraft(path, text, mode & 0o777);
		await publishDraft(path, () => true);
	} catch (cause) {
		removeQuietly(draftOf(path));
		throw cause;
	}
	// Folders may be new; each stands in the one above it.
	await syncUpTo(root, dirname(path));
}

async function remove(root: string, path: string): Promise<void> {
	rmSync(path);
	const left = removeEmpty(root, dirname(path));
	await syncUpTo(root, left);
}

/** The folders that have nothing left in them; returns the first that has. */
function removeEmpty(root: string, folder: string): string {
	if (folder === root) return root;
	try {
		rmdirSync(folder);
	} catch {
		return folder;
	}
	return removeEmpty(root, dirname(folder));
}

async function syncUpTo(root: string, folder: string): Promise<void> {
	await sync(folder);
	if (folder !== root) await syncUpTo(root, dirname(folder));
}

function told<T>(path: string, act: () => T): T {
	try {
		return act();
	} catch (cause) {
		throw unusable(path, describeFsError(cause), cause);
	}
}

async function toldLater(path: string, act: () => Promise<void>): Promise<void> {
	try {
		await act();
	} catch (cause) {
		throw unusable(path, describeFsError(cause), cause);
	}
}

const unusable = (path: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'state',
		`Cannot change the definitions ${path}: ${why}`,
		'The user that turnout control runs as needs the right to write there',
		cause,
	);
