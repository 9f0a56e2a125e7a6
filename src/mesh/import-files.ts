import { assignMesh } from './assign-mesh.ts';
import type { ParsedDocument } from './document.ts';
import { fillTemplates } from './fill-templates.ts';
import { cliJson } from './importers/cli-json.ts';
import { cloudFormation } from './importers/cloudformation.ts';
import { failed, type Importer, nothingImported, type Parameters, together } from './importers/importer.ts';
import { kubernetes } from './importers/kubernetes.ts';
import { terraform } from './importers/terraform.ts';
import { parseFile } from './parse-file.ts';
import type { Imported, Mistake } from './resource.ts';
import { type Validated, validate } from './validate-resources.ts';

/** A file of definitions that was read. */
export interface DefinitionFile {
	readonly path: string;
	readonly text: string;
}

export interface ImportedFiles extends Validated {
	readonly warnings: readonly Mistake[];
}

export const importers: readonly Importer[] = [cloudFormation, kubernetes, terraform, cliJson];

/** The resources of all files, checked one by one. Everything that is wrong at once, in the order of files and lines. */
export function importFiles(files: readonly DefinitionFile[], parameters: Parameters): ImportedFiles {
	const parsed = files.map(({ path, text }) => parseFile(text, path));
	const documents = parsed.flatMap((file) => file.documents);
	const syntax: Imported = { ...nothingImported, errors: parsed.flatMap(({ errors }) => errors) };
	const found = together([
		syntax,
		unknownFormats(documents),
		...importers.map((each) => read(each, documents, parameters)),
	]);
	const placed = assignMesh(found.resources, parameters);
	const { resources, errors } = validate(placed.resources);
	const inOrder = orderOf(files);
	return {
		resources,
		errors: [...found.errors, ...placed.errors, ...errors].sort(inOrder),
		warnings: [...found.warnings].sort(inOrder),
	};
}

const importerOf = ({ value }: ParsedDocument): Importer | undefined =>
	importers.find(({ recognises }) => recognises(value));

const read = (importer: Importer, documents: readonly ParsedDocument[], parameters: Parameters): Imported => {
	const own = documents.filter((document) => importerOf(document) === importer);
	if (own.length === 0) return nothingImported;
	const found = importer.read(own, parameters);
	return importer.hasTemplates ? fillTemplates(found, parameters) : found;
};

const unknownFormats = (documents: readonly ParsedDocument[]): Imported =>
	together(
		documents
			.filter((document) => importerOf(document) === undefined)
			.map(({ placeOf }) => {
				const formats = importers.map(({ format }) => format).join(', ');
				return failed(placeOf(''), 'these are no definitions of App Mesh', `known formats: ${formats}`);
			}),
	);

function orderOf(files: readonly DefinitionFile[]): (a: Mistake, b: Mistake) => number {
	const places = new Map(files.map(({ path }, at) => [path, at]));
	return (a, b) => (places.get(a.file) ?? 0) - (places.get(b.file) ?? 0) || a.line - b.line;
}
