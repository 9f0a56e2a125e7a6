import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** __O_TMPFILE | O_DIRECTORY (asm-generic/fcntl.h): a file without a name, deleted with its last descriptor. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * A descriptor from which a child reads all of `text` even if this process is killed meanwhile; undefined where there is
 * no room for it. Tries memory first, as a disk may be full.
 */
export function openUnnamedFile(text: string): number | undefined {
	for (const folder of ['/dev/shm', '/run', tmpdir()]) {
		const file = attempt(() => openSync(folder, constants.O_RDWR | O_TMPFILE, 0o600));
		if (file === undefined) continue;
		if (attempt(() => writeAll(file, Buffer.from(text))) !== undefined) return file;
		closeSync(file);
	}
	return undefined;
}

/** Writes at explicit positions: the descriptor's offset stays 0, where the child begins to read. */
function writeAll(file: number, bytes: Buffer): number {
	let at = 0;
	while (at < bytes.length) at += writeSync(file, bytes, at, bytes.length - at, at);
	return at;
}

function attempt<T>(act: () => T): T | undefined {
	try {
		return act();
	} catch {
		return undefined;
	}
}
