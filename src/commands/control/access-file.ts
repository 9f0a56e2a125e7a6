import { existsSync } from 'node:fs';
import { type Given, usage } from '../../cli/arguments.ts';
import type { AccessKeys } from '../../control/access/access-keys.ts';
import { parseAccessFile } from '../../control/access/parse-access-file.ts';
import { readSecretFile } from '../../host/files/read-secret-file.ts';

export function accessFileOf(given: Given): string {
	const path = given['keys'];
	if (typeof path === 'string' && path !== '') return path;
	throw usage('name the file of access keys: --keys FILE');
}

export const readKeys = (path: string): AccessKeys => parseAccessFile(readSecretFile(path), path);

/** Undefined where there is none yet. */
export const readIfThere = (path: string): string | undefined => (existsSync(path) ? readSecretFile(path) : undefined);
