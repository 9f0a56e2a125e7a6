import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { DEFAULT_FILE } from './paths.ts';
import type { FileSettings } from './yaml.ts';

/** The file that was named, or the standard one where it exists. Whatever cannot be read is a Failure. */
export async function readSettingsFile(named: string | undefined): Promise<FileSettings> {
	const path = named ?? DEFAULT_FILE;
	const text = readText(path, named === undefined);
	if (text === undefined) return { values: new Map(), mistakes: [] };
	// YAML's library is loaded only where there is YAML.
	const { parseSettingsFile } = await import('./yaml.ts');
	return parseSettingsFile(text, path);
}

function readText(path: string, isOptional: boolean): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch (cause) {
		const { code = '', message } = cause as NodeJS.ErrnoException;
		if (code === 'ENOENT' && isOptional) return undefined;
		throw new Failure(
			'config',
			`Cannot read the settings file ${quote(path)}: ${reasons[code] ?? message}`,
			remedy,
			cause,
		);
	}
}

/** Why a file cannot be read; undefined where it can. A pipe that nobody writes to does not make us wait. */
export function whyNoFile(path: string): string | undefined {
	try {
		const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
		const isFile = fstatSync(file).isFile();
		closeSync(file);
		return isFile ? undefined : 'it is no file';
	} catch (cause) {
		const { code = '', message } = cause as NodeJS.ErrnoException;
		return reasons[code] ?? message;
	}
}

const remedy = 'Name a readable YAML file with --config, or leave it away and use variables or flags';
const reasons: Readonly<Record<string, string>> = {
	EISDIR: 'it is a directory',
	EACCES: 'its permissions forbid it',
	ENOENT: 'there is no such file',
	ENOTDIR: 'a part of the path is no folder',
};
