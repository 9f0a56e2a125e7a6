import { statSync } from 'node:fs';
import { attempt } from '../../lib/attempt.ts';
import { readSecretFile } from './read-secret-file.ts';

/**
 * What stands in a secret file, as `parse` reads it: looked up each time, and read again when the file has changed. Throws where it
 * cannot be read now; later that is told once, and what was read before stays.
 */
export function followSecretFile<T>(
	path: string,
	parse: (text: string) => T,
	onProblem: (problem: unknown) => void,
): () => T {
	let version = versionOf(path);
	let content = parse(readSecretFile(path));
	return () => {
		const present = versionOf(path);
		if (present === version) return content;
		version = present;
		const read = attempt(() => parse(readSecretFile(path)));
		if ('error' in read) onProblem(read.error);
		else content = read.value;
		return content;
	};
}

/** Whatever of it has changed, this has; '' where it is not there. */
function versionOf(path: string): string {
	const stats = attempt(() => statSync(path, { bigint: true }));
	if ('error' in stats) return '';
	const { ino, size, mtimeNs, ctimeNs } = stats.value;
	return [ino, size, mtimeNs, ctimeNs].join();
}
