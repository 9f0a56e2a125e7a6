import { readFileSync } from 'node:fs';
import type { Given } from '../cli/arguments.ts';

/** As `/etc/turnout/turnout.yaml` is read for one line only: commands that speak to the daemon start at once. */
const FILE = '/etc/turnout/turnout.yaml';
const DEFAULT_SOCKET = '/run/turnout/control.sock';

/** Where the daemon listens: flag, variable, file, default. */
export function socketOf(given: Given): string {
	const flag = given['socket'];
	if (typeof flag === 'string') return flag;
	return process.env['TURNOUT_SOCKET'] ?? socketInFile() ?? DEFAULT_SOCKET;
}

function socketInFile(): string | undefined {
	try {
		return /^socket:\s*["']?([^"'\s#]+)/m.exec(readFileSync(FILE, 'utf8'))?.[1];
	} catch {
		return undefined;
	}
}
