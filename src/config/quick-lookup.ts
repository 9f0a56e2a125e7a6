import { readFileSync } from 'node:fs';
import { DEFAULT_FILE, DEFAULT_SOCKET, DEFAULT_STATE_DIRECTORY } from './paths.ts';

type Given = Readonly<Record<string, unknown>>;

/**
 * The daemon's socket: flag, variable, file, default. The file is searched with a regular expression instead of the YAML
 * parser, so that commands that only talk to the daemon start fast.
 */
export const socketOf = (given: Given): string =>
	pathOf(given['socket'], 'TURNOUT_SOCKET', /^socket:\s*["']?([^"'\s#]+)/m) ?? DEFAULT_SOCKET;

/** The daemon's state directory, found in the same way. */
export const stateDirectoryOf = (given: Given): string =>
	pathOf(given['state-directory'], 'TURNOUT_STATE_DIRECTORY', /^stateDirectory:\s*["']?([^"'\s#]+)/m) ??
	DEFAULT_STATE_DIRECTORY;

function pathOf(flag: unknown, variable: string, line: RegExp): string | undefined {
	return typeof flag === 'string' ? flag : (process.env[variable] ?? inFile(line));
}

function inFile(line: RegExp): string | undefined {
	try {
		return line.exec(readFileSync(DEFAULT_FILE, 'utf8'))?.[1];
	} catch {
		return undefined;
	}
}
