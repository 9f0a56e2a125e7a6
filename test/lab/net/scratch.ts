// Temporary folders, removed with their owner.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilExit } from './cleanup.ts';
import { isStale, ownName } from './owner.ts';

export interface Scratch extends Disposable {
	readonly path: string;
}

export function createScratch(role: string, parent = tmpdir()): Scratch {
	const path = join(parent, ownName(role));
	const dispose = untilExit(() => remove(path));
	mkdirSync(path, { mode: 0o755 });
	return { path, [Symbol.dispose]: dispose };
}

export function removeStaleScratches(parent = tmpdir()): void {
	for (const name of readdirSync(parent).filter(isStale)) remove(join(parent, name));
}

/** Retries: mounts in there are released a moment after the last process that saw them. */
const remove = (path: string): void => rmSync(path, { recursive: true, force: true, maxRetries: 30, retryDelay: 20 });
