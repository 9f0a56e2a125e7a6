import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';

/** A file of this folder as JavaScript, for a Node that may not read it: a uid that has dropped its rights, say. */
export const workerText = (name: string): string =>
	quietly(() => stripTypeScriptTypes(readFileSync(new URL(name, import.meta.url), 'utf8')));

/** Node warns once per process that the function is experimental. */
function quietly<T>(act: () => T): T {
	const { emitWarning } = process;
	process.emitWarning = () => undefined;
	try {
		return act();
	} finally {
		process.emitWarning = emitWarning;
	}
}
