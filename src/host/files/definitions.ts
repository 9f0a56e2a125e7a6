import { type Dirent, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';
import type { DefinitionFile } from '../../mesh/load-mesh.ts';

/** Above all that a mesh of App Mesh's limits needs. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/** A file, or all files of a folder and those below it, in the order of their names. Hidden ones, as editors make, are left out. */
export function readDefinitions(path: string): DefinitionFile[] {
	try {
		const files = statSync(path).isDirectory() ? filesBelow(path) : [path];
		return files.map((file) => ({ path: file, text: readText(file) }));
	} catch (cause) {
		if (cause instanceof Failure) throw cause;
		throw unreadable(path, describeFsError(cause), cause);
	}
}

const filesBelow = (folder: string): string[] =>
	readdirSync(folder, { withFileTypes: true })
		.filter(isDefinition)
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));

const isDefinition = (entry: Dirent): boolean =>
	!/^\.|~$/.test(entry.name) && (entry.isDirectory() || /\.(json|ya?ml|template|tfstate)$/.test(entry.name));

function readText(file: string): string {
	const stats = statSync(file);
	if (!stats.isFile()) throw unreadable(file, 'it is not a regular file');
	if (stats.size > LARGEST_BYTES) throw unreadable(file, `it has over ${LARGEST_BYTES} bytes`);
	return readFileSync(file, 'utf8');
}

const unreadable = (path: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'config',
		`Cannot read the definitions ${path}: ${why}`,
		'Set mesh.definitions (TURNOUT_MESH) to a file or folder',
		cause,
	);
