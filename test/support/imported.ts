// Reads definitions as a user would write them, and says in short what came of it.
import { canonicalResources } from '../../src/mesh/canonical.ts';
import { importFiles } from '../../src/mesh/import-files.ts';
import type { DefinitionFile } from '../../src/mesh/load-mesh.ts';
import type { Mistake } from '../../src/mesh/resource.ts';

export type Given = Readonly<Record<string, string>>;

export const readText = (text: string, given: Given = {}) => readFiles([{ path: 'mesh', text }], given);

export function readFiles(files: readonly DefinitionFile[], given: Given = {}) {
	const { resources, errors, warnings } = importFiles(files, new Map(Object.entries(given)));
	return { resources: canonicalResources(resources), errors: errors.map(inShort), warnings: warnings.map(inShort) };
}

/** `LINE: PATH: what; hint` */
const inShort = ({ line, path, why, hint }: Mistake): string => `${line}: ${path}: ${why}; ${hint}`;
