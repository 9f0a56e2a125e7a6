import { chownSync, existsSync, lstatSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from '../../failure.ts';
import { replaceFile, sync } from '../../lib/atomic-write.ts';
import { describeFsError, ensureDirectory, readQuietly } from '../../lib/fs.ts';
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
		read: async () => ({ files: readDefinitions([root]).map(withFacts), generation: '' }),
		write: (file, text, expected) => toldLater(file, () => write(root, file, text, expected.text)),
		remove: (file) => toldLater(file, () => remove(root, file)),
		watch: (onChange, signal) => watchDefinitions([root], { onChange, onBlind }, signal),
	};
}

function withFacts(file: { readonly path: string; readonly text: string }): FolderFile {
	const stats = lstatSync(file.path, { throwIfNoEntry: false });
	return { ...file, changedMs: Math.round(stats?.mtimeMs ?? 0), isLink: stats?.isSymbolicLink() === true };
}

async function write(root: string, path: string, text: string, former: string | undefined): Promise<boolean> {
	refuseLinked(dirname(path));
	const isNewFolder = !existsSync(dirname(path));
	makeFolder(root, dirname(path));
	// Whoever saves it by hand may have been faster than the disk.
	const isDone = await replaceFile(path, text, { mode: 0o644, isFormer: () => readQuietly(path) === former });
	if (isNewFolder) await syncUpTo(root, dirname(path));
	return isDone;
}

/** It belongs to whom its root belongs to: the user of a service, say, for whom root imports something. */
function makeFolder(root: string, folder: string): void {
	if (existsSync(folder)) return;
	makeFolder(root, dirname(folder));
	ensureDirectory(folder, 0o755);
	const { uid, gid } = statSync(root);
	if (process.geteuid?.() === 0) chownSync(folder, uid, gid);
}

/** Nobody reads definitions through a folder that is a link. */
function refuseLinked(folder: string): void {
	const nearest = nearestExisting(folder);
	const real = realpathSync(nearest);
	if (real === nearest) return;
	throw new Failure(
		'state',
		`Cannot write into ${nearest}: it is a link to ${real}, and what is there is not read`,
		'Put the folder itself there in place of the link',
	);
}

const nearestExisting = (folder: string): string => (existsSync(folder) ? folder : nearestExisting(dirname(folder)));

async function remove(root: string, path: string): Promise<boolean> {
	rmSync(path);
	const left = removeEmpty(root, dirname(path));
	await syncUpTo(root, left);
	return true;
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

async function toldLater<T>(path: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (cause) {
		throw cause instanceof Failure ? cause : unusable(path, describeFsError(cause), cause);
	}
}

const unusable = (path: string, why: string, cause?: unknown): Failure =>
	new Failure('state', `Cannot change the definitions ${path}: ${why}`, remedyOf(cause), cause);

function remedyOf(cause: unknown): string {
	const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
	return code === 'ENOSPC' || code === 'EDQUOT'
		? 'Free some space there'
		: 'The user that turnout control runs as needs the right to write there';
}
