import { existsSync } from 'node:fs';
import { type Given, usage } from '../../cli/arguments.ts';
import type { AccessKeys } from '../../control/access/access-keys.ts';
import { parseAccessFile } from '../../control/access/parse-access-file.ts';
import { Failure } from '../../failure.ts';
import { readSecretFile } from '../../host/files/read-secret-file.ts';
import { publishDraft, writeDraft } from '../../lib/atomic-write.ts';
import { describeFsError } from '../../lib/fs.ts';

export function accessFileOf(given: Given): string {
	const path = given['keys'];
	if (typeof path === 'string' && path !== '') return path;
	throw usage('name the file of access keys: --keys FILE');
}

export const readKeys = (path: string): AccessKeys => parseAccessFile(readSecretFile(path), path);

/** Undefined where there is none yet. */
export const readIfThere = (path: string): string | undefined => (existsSync(path) ? readSecretFile(path) : undefined);

export async function writeKeys(path: string, text: string): Promise<void> {
	try {
		writeDraft(path, text, 0o600);
		await publishDraft(path, () => true);
	} catch (cause) {
		const why = describeFsError(cause);
		throw new Failure('permission', `Cannot write ${path}: ${why}`, 'Run it as the user that reads the file', cause);
	}
}
