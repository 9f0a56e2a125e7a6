import { memoize } from '../lib/memoize.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import { checkBackends } from './check-backends.ts';
import { checkSpec } from './check-spec.ts';
import { type Fault, faultOf, mistakesOf } from './fault.ts';
import { heldUpBy } from './held-up.ts';
import { createFilesImporter, type DefinitionFile } from './import-files.ts';
import type { Parameters } from './importers/importer.ts';
import { checkReferences, missingBackends } from './references.ts';
import type { Mistake } from './resource.ts';
import { createUnread } from './unread.ts';

export type { DefinitionFile } from './import-files.ts';

export interface LoadedMesh {
	/** One for each mesh that the definitions name. */
	readonly catalogs: readonly Catalog[];
	readonly errors: readonly Mistake[];
	/** The same by what they are of: whoever reaches it is not to be told what the catalogs say. */
	readonly faults: readonly Fault[];
	/** Of reading; `warningsOf` has those of what was read. */
	readonly warnings: readonly Mistake[];
}

/** Everything that is wrong in all files at once. */
export const loadMesh = (files: readonly DefinitionFile[], parameters: Parameters = new Map()): LoadedMesh =>
	createMeshLoader(parameters)(files);

/** For definitions that change file by file: those that are as they were in the last call are not read again. */
export function createMeshLoader(parameters: Parameters): (files: readonly DefinitionFile[]) => LoadedMesh {
	const readFiles = createFilesImporter(parameters);
	const checkOne = memoize(checkSpec);
	const findUnread = createUnread();
	return (files) => {
		const { resources, errors, warnings, faults, unread } = readFiles(files);
		// Allowed by the API, and refused here or by Envoy.
		const unfit = resources.flatMap((resource) => faultOf(resource, checkOne(resource)));
		const broken = [...faults, ...unfit, ...findUnread(files, resources, unread)];
		const keys = broken.map(({ of }) => of);
		const meshes = Map.groupBy(resources, ({ mesh }) => mesh);
		const catalogs = [...meshes].map(([mesh, own]) => createCatalog(mesh, own, keys));
		const together = catalogs.flatMap((catalog) => checkTogether(catalog, broken));
		return {
			...{ catalogs, warnings },
			errors: [...errors, ...mistakesOf(unfit), ...mistakesOf(together)],
			faults: [...broken, ...together],
		};
	};
}

/** What does not fit together in a mesh whose resources are right by themselves; also what hosts leave out. */
export const misfitsOf = (catalog: Catalog): Mistake[] => [
	...mistakesOf(checkTogether(catalog)),
	...missingBackends(catalog),
];

/** `broken`: by itself. What such a resource would have had is not told as missing. */
function checkTogether(catalog: Catalog, broken: readonly Fault[] = []): Fault[] {
	const references = checkReferences(catalog);
	const known = [...broken, ...references];
	return [...references, ...checkBackends(catalog, (proxy) => heldUpBy(known, catalog, proxy).length === 0)];
}
