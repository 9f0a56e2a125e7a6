import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** __O_TMPFILE | O_DIRECTORY (asm-generic/fcntl.h): a file without a name, gone with the last who has it open. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * A descriptor from which a child reads all of `text`, whatever becomes of us meanwhile; undefined where there is no room
 * for it. In memory first: a disk may be full.
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

/** Each part at its place: the descriptor's own place stays at the beginning, from where the child reads. */
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
