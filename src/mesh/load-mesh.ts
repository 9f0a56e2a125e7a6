import { memoize } from '../lib/memoize.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import { checkBackends } from './check-backends.ts';
import { checkSpec } from './check-spec.ts';
import { createFilesImporter, type DefinitionFile } from './import-files.ts';
import type { Parameters } from './importers/importer.ts';
import { checkReferences } from './references.ts';
import type { Mistake } from './resource.ts';

export type { DefinitionFile } from './import-files.ts';

export interface LoadedMesh {
	/** One for each mesh that the definitions name. */
	readonly catalogs: readonly Catalog[];
	readonly errors: readonly Mistake[];
	/** Of reading; `warningsOf` has those of what was read. */
	readonly warnings: readonly Mistake[];
}

/** Everything that is wrong in all files at once. With errors the catalogs are not to be used. */
export const loadMesh = (files: readonly DefinitionFile[], parameters: Parameters = new Map()): LoadedMesh =>
	createMeshLoader(parameters)(files);

/** For definitions that change file by file: those that are as they were in the last call are not read again. */
export function createMeshLoader(parameters: Parameters): (files: readonly DefinitionFile[]) => LoadedMesh {
	const readFiles = createFilesImporter(parameters);
	const checkOne = memoize(checkSpec);
	return (files) => {
		const { resources, errors, warnings } = readFiles(files);
		const meshes = Map.groupBy(resources, ({ mesh }) => mesh);
		const catalogs = [...meshes].map(([mesh, own]) => createCatalog(mesh, own));
		// Allowed by the API, and refused here or by Envoy.
		const unfit = resources.flatMap(checkOne);
		const mistakes = errors.length + unfit.length === 0 ? catalogs.flatMap(checkTogether) : [];
		return { catalogs, errors: [...errors, ...unfit, ...mistakes], warnings };
	};
}

/** Of resources that are whole: what a broken one would have had is not told as missing. */
export function checkTogether(catalog: Catalog): Mistake[] {
	const references = checkReferences(catalog);
	return references.length > 0 ? references : checkBackends(catalog);
}
