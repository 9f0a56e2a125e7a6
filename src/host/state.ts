import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import type { State, StateFile } from '../ports.ts';

/** What outlives the daemon, in one JSON file that is replaced as a whole. */
export function createStateFile(directory: string): StateFile {
	const path = join(directory, 'state.json');
	return {
		read() {
			try {
				return JSON.parse(readFileSync(path, 'utf8')) as State;
			} catch {
				return {};
			}
		},
		write: (state) => writeWhole(directory, path, `${JSON.stringify(state)}\n`, 0o600),
	};
}

/** Readable by the user that Envoy runs as. */
export function writeBootstrap(directory: string, text: string): string {
	const path = join(directory, 'envoy.json');
	writeWhole(directory, path, text, 0o644);
	return path;
}

function writeWhole(directory: string, path: string, text: string, mode: number): void {
	const draft = `${path}.${process.pid}`;
	try {
		mkdirSync(directory, { recursive: true, mode: 0o755 });
		writeFileSync(draft, text, { mode, flush: true });
		renameSync(draft, path);
	} catch (cause) {
		rmSync(draft, { force: true });
		throw new Failure('state', `Cannot write ${path}: ${reasonOf(cause)}`, REMEDY, cause);
	}
}

const REMEDY = 'Make it writable, free some space, or set stateDirectory (TURNOUT_STATE_DIRECTORY) to another folder';

const reasons: Readonly<Record<string, string>> = {
	EROFS: 'its file system is read-only',
	ENOSPC: 'its disk is full',
	EACCES: 'its permissions forbid it',
	ENOTDIR: 'a part of the path is no folder',
	EEXIST: 'a part of the path is no folder',
};

function reasonOf(cause: unknown): string {
	const { code = '', message } = cause as NodeJS.ErrnoException;
	return reasons[code] ?? message;
}
