import { readFileSync } from 'node:fs';
import type { Given } from '../cli/arguments.ts';
import { DEFAULT_FILE, DEFAULT_SOCKET } from '../config/defaults.ts';

/**
 * Where the daemon listens: flag, variable, file, default. The file is read for one line only, so that commands which
 * speak to the daemon start at once.
 */
export function socketOf(given: Given): string {
	const flag = given['socket'];
	if (typeof flag === 'string') return flag;
	return process.env['TURNOUT_SOCKET'] ?? socketInFile() ?? DEFAULT_SOCKET;
}

function socketInFile(): string | undefined {
	try {
		return /^socket:\s*["']?([^"'\s#]+)/m.exec(readFileSync(DEFAULT_FILE, 'utf8'))?.[1];
	} catch {
		return undefined;
	}
}
