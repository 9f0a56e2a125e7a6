import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DiskFacts } from '../../doctor/disk-check.ts';

/** Of the folder, or of the one that it will be made in. */
export function readDiskSpace(directory: string): DiskFacts {
	const there = existingOf(directory);
	const { bavail, bsize, files, ffree } = statfsSync(there);
	return {
		...{ directory, freeBytes: bavail * bsize, isReadOnly: isReadOnly(there) },
		freeFiles: files === 0 ? undefined : ffree,
	};
}

const existingOf = (path: string): string => (existsSync(path) ? path : existingOf(dirname(path)));

/** The kernel says so before it looks at permissions (access(2), EROFS). */
function isReadOnly(path: string): boolean {
	try {
		accessSync(path, constants.W_OK);
		return false;
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === 'EROFS';
	}
}
