import { constants, existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DiskFacts } from '../../doctor/disk-check.ts';
import { accessError } from '../../lib/fs.ts';

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
const isReadOnly = (path: string): boolean => accessError(path, constants.W_OK) === 'EROFS';
