import { type Catalog, createCatalog } from './catalog.ts';
import { checkBackends } from './check-backends.ts';
import { checkSpec } from './check-spec.ts';
import { type DefinitionFile, importFiles } from './import-files.ts';
import type { Parameters } from './importers/importer.ts';
import { checkReferences } from './references.ts';
import type { Mistake } from './resource.ts';
import { warningsOf } from './warnings.ts';

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
	// Allowed by the API, and refused here or by Envoy.
	const unfit = resources.flatMap(checkSpec);
	const isWhole = errors.length + unfit.length === 0;
	const references = isWhole ? catalogs.flatMap(checkReferences) : [];
	const isSound = isWhole && references.length === 0;
	const backends = isSound ? catalogs.flatMap(checkBackends) : [];
	const further = isSound && backends.length === 0 ? catalogs.flatMap(warningsOf) : [];
	return { catalogs, errors: [...errors, ...unfit, ...references, ...backends], warnings: [...warnings, ...further] };
}
