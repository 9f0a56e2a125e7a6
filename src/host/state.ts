import { chmodSync, close, fsync, open, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { makeFolders, reasonOfFile } from '../folders.ts';
import type { State, StateFile } from '../ports.ts';

/** What outlives the daemon, in one JSON file that is replaced as a whole. */
export function createStateFile(directory: string): StateFile {
	const path = join(directory, 'state.json');
	return {
		read() {
			try {
				return stateOf(JSON.parse(readFileSync(path, 'utf8')));
			} catch {
				return {};
			}
		},
		write: (state) => writeWhole(directory, path, `${JSON.stringify(state)}\n`, 0o600),
	};
}

/** Whatever is not as we write it counts as not there. */
function stateOf(value: unknown): State {
	const { wanted, since, dialect, image } = (value ?? {}) as Record<string, unknown>;
	return {
		...(wanted === 'enabled' || wanted === 'disabled' ? { wanted } : {}),
		...(typeof since === 'string' && !Number.isNaN(Date.parse(since)) ? { since } : {}),
		...(dialect === 'iptables-nft' || dialect === 'iptables-legacy' ? { dialect } : {}),
		...imageOf(image),
	};
}

function imageOf(value: unknown): Pick<State, 'image'> {
	const { chosen, settings } = (value ?? {}) as Record<string, unknown>;
	return typeof chosen === 'string' && typeof settings === 'string' ? { image: { chosen, settings } } : {};
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
		makeFolders(directory, 0o755);
		writeFileSync(draft, text, { mode });
		// Whatever our umask leaves of it.
		chmodSync(draft, mode);
		renameSync(draft, path);
		settleOnDisk(path);
	} catch (cause) {
		quietly(() => rmSync(draft, { force: true }));
		throw new Failure('state', `Cannot write ${path}: ${reasonOfFile(cause)}`, REMEDY, cause);
	}
}

const REMEDY = 'Make it writable, free some space, or set stateDirectory (TURNOUT_STATE_DIRECTORY) to another folder';

/** The disk is slow and nobody waits for it: until it has the new file, a power cut leaves the old one or the new. */
function settleOnDisk(path: string): void {
	open(path, 'r', (error, file) => {
		if (error === null) fsync(file, () => close(file, () => undefined));
	});
}

function quietly(act: () => void): void {
	try {
		act();
	} catch {
		// What made the writing fail is what is told.
	}
}
