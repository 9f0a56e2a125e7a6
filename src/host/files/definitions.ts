import {
	closeSync,
	constants,
	type Dirent,
	fstatSync,
	lstatSync,
	openSync,
	readdirSync,
	readFileSync,
	statSync,
} from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../failure.ts';
import { describeFsError } from '../../lib/fs.ts';
import type { DefinitionFile } from '../../mesh/load-mesh.ts';

/** Above all that a mesh of App Mesh's limits needs. */
const LARGEST_BYTES = 16 * 1024 * 1024;

/** Of each path a file, or all files of a folder and those below it, in the order of their names. Hidden ones, as editors make, are left out. */
export const readDefinitions = (paths: readonly string[]): DefinitionFile[] => paths.flatMap(filesAt);

function filesAt(path: string): DefinitionFile[] {
	return told(path, () => statSync(path).isDirectory()) ? filesBelow(path).flatMap(readIfThere) : [readFile(path)];
}

const filesBelow = (folder: string): string[] =>
	told(folder, () => readdirSync(folder, { withFileTypes: true }))
		.filter(isDefinition)
		.sort((a, b) => (a.name < b.name ? -1 : 1))
		.flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));

const isDefinition = (entry: Dirent): boolean => isDefinitionName(entry.name, entry.isDirectory());

export const isDefinitionName = (name: string, isFolder: boolean): boolean =>
	!/^\.|~$/.test(name) && (isFolder || /\.(json|ya?ml|template|tfstate)$/.test(name));

/** Of a folder's files some may have been removed since it was listed. A link that leads nowhere is a mistake. */
function readIfThere(path: string): DefinitionFile[] {
	try {
		return [readFile(path)];
	} catch (error) {
		const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
		if (isLink || !(error instanceof Failure && isMissing(error.cause))) throw error;
		return [];
	}
}

const hasCode = (cause: unknown, code: string): boolean =>
	cause instanceof Error && 'code' in cause && cause.code === code;
const isMissing = (cause: unknown): boolean => hasCode(cause, 'ENOENT');
const isForbidden = (cause: unknown): boolean => hasCode(cause, 'EACCES');

const readFile = (path: string): DefinitionFile => ({ path, text: told(path, () => readText(path)) });

function readText(path: string): string {
	// A pipe that nobody writes into would be waited for.
	const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	try {
		const stats = fstatSync(descriptor);
		if (!stats.isFile()) throw unreadable(path, 'it is not a regular file');
		if (stats.size > LARGEST_BYTES) throw unreadable(path, `it has over ${LARGEST_BYTES} bytes`);
		return readFileSync(descriptor, 'utf8');
	} finally {
		closeSync(descriptor);
	}
}

function told<T>(path: string, read: () => T): T {
	try {
		return read();
	} catch (cause) {
		throw cause instanceof Failure ? cause : unreadable(path, describeFsError(cause), cause);
	}
}

const unreadable = (path: string, why: string, cause?: unknown): Failure =>
	new Failure(
		'config',
		`Cannot read the definitions ${path}: ${why}`,
		isForbidden(cause)
			? 'Give whoever reads it the right to: chmod, or chown'
			: 'Name a file or folder that can be read: in the command, or by mesh.definitions (TURNOUT_MESH)',
		cause,
	);
