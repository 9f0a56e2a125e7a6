import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { describeFsError } from '../lib/fs.ts';
import { DEFAULT_FILE } from './paths.ts';
import type { FileSettings } from './yaml.ts';

/** Reads the given settings file, or the default one if it exists. Throws a Failure if it cannot be read. */
export async function readSettingsFile(named: string | undefined): Promise<FileSettings> {
	const path = named ?? DEFAULT_FILE;
	const text = readText(path, named === undefined);
	if (text === undefined) return { values: new Map(), mistakes: [] };
	// The YAML library is loaded only if there is a file to parse.
	const { parseSettingsFile } = await import('./yaml.ts');
	return parseSettingsFile(text, path);
}

function readText(path: string, isOptional: boolean): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		if ((cause as NodeJS.ErrnoException).code === 'ENOENT' && isOptional) return undefined;
		const why = describeFsError(cause);
		throw new Failure('config', `Cannot read the settings file ${quote(path)}: ${why}`, remedy, cause);
	}
}

/** Throws an Error that says why it cannot be read. */
export function readVariableFile(path: string): string {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		throw new Error(describeFsError(cause), { cause });
	}
}

/** Why a file cannot be read; undefined if it can. Non-blocking, so that a FIFO without a writer does not block us. */
export function whyNoFile(path: string): string | undefined {
	try {
		const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		const isFile = fstatSync(file).isFile();
		closeSync(file);
		return isFile ? undefined : 'it is not a regular file';
	} catch (cause) {
		return describeFsError(cause);
	}
}

const remedy = 'Give a readable YAML file with --config, or use variables or flags instead';
