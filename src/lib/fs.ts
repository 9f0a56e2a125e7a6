import { accessSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * `mkdir -p`; returns whether the last directory is new. Not Node's recursive mkdir, which reports ENOENT on a
 * read-only file system.
 */
export function ensureDirectory(path: string, mode: number): boolean {
	if (existsSync(path)) return false;
	ensureDirectory(dirname(path), 0o755);
	mkdirSync(path, { mode });
	// The umask may have cleared bits.
	chmodSync(path, mode);
	return true;
}

/** The names in a folder; none where it is not there or cannot be read. */
export function namesIn(folder: string): readonly string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}

/** The names of the folders in one; none where it is not there or cannot be read. */
export function foldersIn(folder: string): string[] {
	try {
		return readdirSync(folder, { withFileTypes: true })
			.filter((entry) => entry.isDirectory())
			.map(({ name }) => name);
	} catch {
		return [];
	}
}

/** Undefined where it is not there or cannot be read. */
export function readQuietly(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

/** Why the kernel does not grant it, such as EACCES (access(2)); undefined where it does. `mode`: of fs.constants. */
export function accessError(path: string, mode: number): string | undefined {
	try {
		accessSync(path, mode);
		return undefined;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code;
	}
}

/** For what does no harm where it is left over, and is removed the next time. Without `recursive` a folder stays. */
export function removeQuietly(path: string, { recursive = false }: { readonly recursive?: boolean } = {}): void {
	try {
		rmSync(path, { force: true, recursive });
	} catch {
		// Whoever comes next tries again.
	}
}

const reasons: Readonly<Record<string, string>> = {
	EROFS: 'its file system is read-only',
	ENOSPC: 'its disk is full',
	EDQUOT: 'its disk quota is used up',
	EIO: 'its disk reports an I/O error',
	EACCES: 'permission denied',
	ENOTDIR: 'a part of the path is not a directory',
	EEXIST: 'a part of the path is not a directory',
	ELOOP: 'its symbolic links form a loop',
	EADDRINUSE: 'it is in use',
	ENOENT: 'no such file or directory',
	EISDIR: 'it is a directory',
	EMFILE: 'this process has reached its limit of open files (EMFILE)',
	ENFILE: 'this host has reached its limit of open files (ENFILE)',
};

/** The reason of a failed file operation, for the end of a message. */
export function describeFsError(cause: unknown): string {
	const { code = '', message } = cause as NodeJS.ErrnoException;
	return reasons[code] ?? message;
}
