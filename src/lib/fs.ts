import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * One by one: Node's own recursive way reports a missing folder where the file system is read-only. Says whether the
 * last one was not there before.
 */
export function ensureDirectory(path: string, mode: number): boolean {
	if (existsSync(path)) return false;
	ensureDirectory(dirname(path), 0o755);
	mkdirSync(path, { mode });
	// Whatever our umask leaves of it.
	chmodSync(path, mode);
	return true;
}

const reasons: Readonly<Record<string, string>> = {
	EROFS: 'its file system is read-only',
	ENOSPC: 'its disk is full',
	EDQUOT: 'its quota is used up',
	EIO: 'its disk fails',
	EACCES: 'its permissions forbid it',
	ENOTDIR: 'a part of the path is no folder',
	EEXIST: 'a part of the path is no folder',
	ELOOP: 'its links lead in a circle',
	EADDRINUSE: 'it is in use',
	ENOENT: 'there is none',
	EISDIR: 'it is a folder',
	EMFILE: 'this process may have no more files open (EMFILE)',
	ENFILE: 'this host can have no more files open (ENFILE)',
};

/** Why a file could not be written, in words. */
export function describeFsError(cause: unknown): string {
	const { code = '', message } = cause as NodeJS.ErrnoException;
	return reasons[code] ?? message;
}
