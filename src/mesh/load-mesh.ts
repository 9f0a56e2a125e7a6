import { type Catalog, createCatalog } from './catalog.ts';
import { type DefinitionFile, importFiles } from './import-files.ts';
import type { Parameters } from './importers/importer.ts';
import { checkReferences } from './references.ts';
import type { Mistake } from './resource.ts';

export type { DefinitionFile } from './import-files.ts';

export interface LoadedMesh {
	/** One for each mesh that the definitions name. */
	readonly catalogs: readonly Catalog[];
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
}

/** Everything that is wrong in all files at once. With errors the catalogs are not to be used. */
export function loadMesh(files: readonly DefinitionFile[], parameters: Parameters = new Map()): LoadedMesh {
	const { resources, errors, warnings } = importFiles(files, parameters);
	const meshes = [...new Set(resources.map(({ mesh }) => mesh))];
	const catalogs = meshes.map((mesh) => createCatalog(mesh, resources));
	// What a broken resource would have had is not told as missing.
	const references = errors.length === 0 ? catalogs.flatMap(checkReferences) : [];
	return { catalogs, errors: [...errors, ...references], warnings };
}
