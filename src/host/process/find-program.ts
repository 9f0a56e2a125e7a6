import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Searched too, as the PATH of users and services may not have them. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin'];

export function findProgram(name: string, path = process.env['PATH'] ?? ''): string | undefined {
	if (name.includes('/')) return isProgram(name) ? resolve(name) : undefined;
	const folders = [...path.split(delimiter).filter(Boolean), ...SYSTEM_FOLDERS];
	return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
