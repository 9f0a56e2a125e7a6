import { existsSync } from 'node:fs';
import { type Given, usage } from '../../cli/arguments.ts';
import type { AccessKeys } from '../../control/access/access-keys.ts';
import { parseAccessFile } from '../../control/access/parse-access-file.ts';
import { Failure } from '../../failure.ts';
import { readSecretFile } from '../../host/files/read-secret-file.ts';
import { replaceFile } from '../../lib/atomic-write.ts';
import { describeFsError } from '../../lib/fs.ts';

export function accessFileOf(given: Given): string {
	const path = given['keys'];
	if (typeof path === 'string' && path !== '') return path;
	throw usage('name the file of access keys: --keys FILE');
}

export const readKeys = (path: string): AccessKeys => parseAccessFile(readAccessFile(path), path);

export const readAccessFile = (path: string): string => readSecretFile(path, { ofAnyone: true });

/** Undefined where there is none yet, or an empty one that says whose it is going to be. */
export const readIfThere = (path: string): string | undefined =>
	existsSync(path) ? readAccessFile(path) || undefined : undefined;

export async function writeKeys(path: string, text: string): Promise<void> {
	try {
		await replaceFile(path, text, { mode: 0o600 });
	} catch (cause) {
		const why = describeFsError(cause);
		throw new Failure('permission', `Cannot write ${path}: ${why}`, 'Run it as the user that reads the file', cause);
	}
}
