import { memoize } from '../lib/memoize.ts';
import { assignMesh } from './assign-mesh.ts';
import type { ParsedDocument } from './document.ts';
import { mistakesOf } from './fault.ts';
import { fillTemplates } from './fill-templates.ts';
import { cliJson } from './importers/cli-json.ts';
import { cloudFormation } from './importers/cloudformation.ts';
import { failed, type Importer, nothingImported, type Parameters, together } from './importers/importer.ts';
import { kubernetes } from './importers/kubernetes.ts';
import { terraform } from './importers/terraform.ts';
import { parseFile } from './parse-file.ts';
import type { Imported, Mistake } from './resource.ts';
import { checkResource, type Validated, validate } from './validate-resources.ts';

/** A file of definitions that was read. */
export interface DefinitionFile {
	readonly path: string;
	readonly text: string;
}

export interface ImportedFiles extends Validated {
	/** All of them, those of `faults` among them. */
	readonly errors: readonly Mistake[];
	/** Where a file may have more than could be read of it. */
	readonly unread: readonly Mistake[];
	readonly warnings: readonly Mistake[];
}

/** All documents of such a format may refer to each other. */
const others: readonly Importer[] = [cloudFormation, kubernetes, terraform];
export const importers: readonly Importer[] = [...others, cliJson];

/**
 * The resources of all files, checked one by one. Everything that is wrong at once, in the order of files and lines. What
 * it has read stays known: of hundreds of files one changes at a time.
 */
export function createFilesImporter(parameters: Parameters): (files: readonly DefinitionFile[]) => ImportedFiles {
	const readAll = rememberFiles((file) => readFile(file, parameters));
	const check = memoize(checkResource);
	return (files) => {
		const read = readAll(files);
		const documents = read.flatMap((file) => file.documents);
		const syntax: Imported = { ...nothingImported, errors: read.flatMap(({ errors }) => errors) };
		const found = together([
			syntax,
			unknownFormats(documents),
			...others.map((each) => readDocuments(each, documents, parameters)),
			cliJsonOf(read, parameters),
		]);
		const placed = assignMesh(found.resources, parameters);
		const { resources, faults } = validate(placed.resources, check);
		const inOrder = orderOf(files);
		const unread = [...found.errors, ...placed.errors];
		return {
			...{ resources, faults, unread },
			errors: [...unread, ...mistakesOf(faults)].sort(inOrder),
			warnings: [...found.warnings].sort(inOrder),
		};
	};
}

export const importFiles = (files: readonly DefinitionFile[], parameters: Parameters): ImportedFiles =>
	createFilesImporter(parameters)(files);

/** What was made of a file whose text is as it was in the last call is not made again. */
function rememberFiles<T>(compute: (file: DefinitionFile) => T): (files: readonly DefinitionFile[]) => readonly T[] {
	let last: ReadonlyMap<string, { readonly file: DefinitionFile; readonly value: T }> = new Map();
	return (files) => {
		const all = files.map((file) => {
			const former = last.get(file.path);
			return former?.file.text === file.text ? former : { file, value: compute(file) };
		});
		last = new Map(all.map((each) => [each.file.path, each]));
		return all.map(({ value }) => value);
	};
}

interface RecognisedDocument {
	readonly document: ParsedDocument;
	readonly importer: Importer | undefined;
}

interface ReadFile {
	readonly documents: readonly RecognisedDocument[];
	/** Of its syntax. */
	readonly errors: readonly Mistake[];
	/** What its CLI JSON says whatever the other files say; undefined where it may depend on them. */
	readonly alone: Imported | undefined;
}

function readFile({ path, text }: DefinitionFile, parameters: Parameters): ReadFile {
	const parsed = parseFile(text, path);
	const documents = parsed.documents.map((document) => ({ document, importer: importerOf(document) }));
	const found = readDocuments(cliJson, documents, parameters);
	return { documents, errors: parsed.errors, alone: found.errors.length === 0 ? found : undefined };
}

const importerOf = ({ value }: ParsedDocument): Importer | undefined =>
	importers.find(({ recognises }) => recognises(value));

/** A list of the CLI has a mistake by itself, as it only names what other files have. */
function cliJsonOf(read: readonly ReadFile[], parameters: Parameters): Imported {
	const alone = read.flatMap((file) => file.alone ?? []);
	if (alone.length === read.length) return together(alone);
	return readDocuments(
		cliJson,
		read.flatMap(({ documents }) => documents),
		parameters,
	);
}

function readDocuments(importer: Importer, documents: readonly RecognisedDocument[], parameters: Parameters): Imported {
	const own = documents.filter((each) => each.importer === importer).map(({ document }) => document);
	if (own.length === 0) return nothingImported;
	const found = importer.read(own, parameters);
	return importer.hasTemplates ? fillTemplates(found, parameters) : found;
}

const unknownFormats = (documents: readonly RecognisedDocument[]): Imported =>
	together(
		documents
			.filter(({ importer }) => importer === undefined)
			.map(({ document }) => {
				const formats = importers.map(({ format }) => format).join(', ');
				const place = document.placeOf('');
				return failed(place, 'these are no definitions of App Mesh', `known formats: ${formats}`);
			}),
	);

function orderOf(files: readonly DefinitionFile[]): (a: Mistake, b: Mistake) => number {
	const places = new Map(files.map(({ path }, at) => [path, at]));
	return (a, b) => (places.get(a.file) ?? 0) - (places.get(b.file) ?? 0) || a.line - b.line;
}
