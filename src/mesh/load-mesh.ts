import { type Catalog, createCatalog } from './catalog.ts';
import { checkBackends } from './check-backends.ts';
import { cliJson } from './importers/cli-json.ts';
import { failed, type Importer, nothingImported, together } from './importers/importer.ts';
import { parseJson } from './json-document.ts';
import { checkReferences } from './references.ts';
import type { Imported, Mistake } from './resource.ts';
import { validate } from './validate-resources.ts';
import { warningsOf } from './warnings.ts';

/** A file of definitions that was read. */
export interface DefinitionFile {
	readonly path: string;
	readonly text: string;
}

export interface LoadedMesh {
	/** One for each mesh that the definitions name. */
	readonly catalogs: readonly Catalog[];
	readonly errors: readonly Mistake[];
	readonly warnings: readonly Mistake[];
}

const importers: readonly Importer[] = [cliJson];

/** Everything that is wrong in all files at once. With errors the catalogs are not to be used. */
export function loadMesh(files: readonly DefinitionFile[]): LoadedMesh {
	const found = together(files.map(importFile));
	const { resources, errors } = validate(found.resources);
	const meshes = [...new Set(resources.map(({ mesh }) => mesh))];
	const catalogs = meshes.map((mesh) => createCatalog(mesh, resources));
	// What a broken resource would have had is not told as missing.
	const isWhole = found.errors.length + errors.length === 0;
	const references = isWhole ? catalogs.flatMap(checkReferences) : [];
	const isSound = isWhole && references.length === 0;
	const backends = isSound ? catalogs.flatMap(checkBackends) : [];
	const warnings = isSound && backends.length === 0 ? catalogs.flatMap(warningsOf) : [];
	return {
		catalogs,
		errors: [...found.errors, ...errors, ...references, ...backends],
		warnings: [...found.warnings, ...warnings],
	};
}

function importFile({ path, text }: DefinitionFile): Imported {
	const { documents, errors } = parseJson(text, path);
	const parts = documents.map((document) => {
		const importer = importers.find(({ recognises }) => recognises(document.value));
		if (importer !== undefined) return importer.read(document);
		const formats = importers.map(({ format }) => format).join(', ');
		return failed(document.placeOf(''), 'these are no definitions of App Mesh', `known formats: ${formats}`);
	});
	return together([{ ...nothingImported, errors }, ...parts]);
}
