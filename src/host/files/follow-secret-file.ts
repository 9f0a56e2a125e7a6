import { statSync } from 'node:fs';
import { Failure } from '../../failure.ts';
import { attempt } from '../../lib/attempt.ts';
import { readSecretFile } from './read-secret-file.ts';

interface Follower<T> {
	readonly parse: (text: string) => T;
	/** What it holds when it was taken away. */
	readonly none: T;
	/** `isGone`: it was taken away; else what was read before stays. Told once. */
	readonly onProblem: (problem: unknown, isGone: boolean) => void;
}

/**
 * What stands in a secret file, as `parse` reads it: looked up each time, and read again when the file has changed. Throws where it
 * cannot be read now.
 *
 * Later, a file that is not there, or that this process may not read any more, holds nothing: whoever took it away may have
 * meant to take away all that it granted, and a change in it that is never seen would leave a revoked key in force for good.
 * A mistake in it, or rights that are too wide, are of somebody at work on it, and a disk or a process at its limit is nobody's
 * decision: these leave what was read before, or one typing error would lock everybody out.
 */
export function followSecretFile<T>(path: string, { parse, none, onProblem }: Follower<T>): () => T {
	let version = versionOf(path);
	let told = version;
	let content = parse(readSecretFile(path));
	const take = (error: unknown, present: string): void => {
		const code = codeOf(error);
		const isGone = code !== undefined && TAKEN_AWAY.includes(code);
		if (isGone) content = none;
		// What else the system refuses may go the next time.
		if (code === undefined || isGone) version = present;
		if (present !== told) onProblem(error, isGone);
		told = present;
	};
	return () => {
		const present = versionOf(path);
		if (present === version) return content;
		const read = attempt(() => parse(readSecretFile(path)));
		if ('error' in read) take(read.error, present);
		else [content, version, told] = [read.value, present, present];
		return content;
	};
}

const TAKEN_AWAY: readonly string[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM'];

/** Of the system's error; undefined: the file itself is wrong. */
function codeOf(error: unknown): string | undefined {
	const { cause } = error instanceof Failure ? error : {};
	return cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
}

/** Whatever of it has changed, this has; '' where it is not there. */
function versionOf(path: string): string {
	const stats = attempt(() => statSync(path, { bigint: true }));
	if ('error' in stats) return '';
	const { ino, size, mtimeNs, ctimeNs } = stats.value;
	return [ino, size, mtimeNs, ctimeNs].join();
}
