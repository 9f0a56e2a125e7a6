// biome-ignore-all lint/suspicious/noTemplateCurlyInString: people write such templates
import { createHash } from 'node:crypto';
import { Failure } from '../failure.ts';
import { quote } from '../lib/escape.ts';
import { memoize } from '../lib/memoize.ts';
import { createMutex } from '../lib/mutex.ts';
import { isRecord } from '../mesh/check-shape.ts';
import { hasTemplate } from '../mesh/fill-templates.ts';
import { createFilesImporter, type DefinitionFile, importers } from '../mesh/import-files.ts';
import type { Parameters } from '../mesh/importers/importer.ts';
import { mistakeLine } from '../mesh/mistake-line.ts';
import { parseFile } from '../mesh/parse-file.ts';
import { isSameKey, keyText, type Resource, type ResourceKey } from '../mesh/resource.ts';
import { definitionPath } from './definition-path.ts';
import { definitionText, madeUp, readBeside } from './definition-text.ts';
import { createReceipts } from './receipts.ts';
import type { Along, Entry, Listing, Outcome, Store, StoredResource } from './store.ts';

/** A folder of files, and those below it, or what is kept like one. Paths are absolute. */
export interface Folder {
	readonly root: string;
	/** All that may be definitions. */
	readonly read: () => Promise<FolderContent>;
	/**
	 * As a whole or not at all; it is on the disk when this resolves. False: it is not, or no longer, as it is expected, and is left as
	 * it is.
	 */
	readonly write: (path: string, text: string, expected: Expected) => Promise<boolean>;
	readonly remove: (path: string, expected: Expected) => Promise<boolean>;
	/** What others have kept that change it as well; undefined: nobody does. */
	readonly receiptOf?: Store['receiptOf'];
	readonly watch: (onChange: () => void, signal: AbortSignal) => void;
}

export interface FolderContent {
	readonly files: readonly FolderFile[];
	/** Changes with each change of a program that shares it; '' where none does. */
	readonly generation: string;
}

export interface Expected extends Pick<Along, 'receipt'> {
	/** Of the file; undefined: it is not there. */
	readonly text: string | undefined;
	readonly generation: string;
}

export interface FolderFile extends DefinitionFile {
	/** When it was changed last, in milliseconds since 1970. */
	readonly changedMs: number;
	readonly isLink: boolean;
}

/**
 * The folder of definitions that hosts read and people edit. What the API makes gets a file of its own, which people may
 * edit as well; what stands together with others, or in another format, can be read here and not be changed.
 */
export function createFolderStore(folder: Folder, parameters: Parameters): Store {
	const { list, seenAs } = createReader(folder, parameters);
	const inTurn = createMutex();
	const receipts = createReceipts();
	const outcomeOf = (isDone: boolean, { receipt }: Along): Outcome => {
		if (isDone) receipts.keep(receipt);
		return isDone ? 'done' : 'outdated';
	};
	const put = async (stored: StoredResource, ifRevision: string | undefined, along: Along): Promise<Outcome> => {
		const { revision, files, entries } = seenAs(along.seen) ?? (await list());
		const found = entryIn(entries, stored.resource);
		if (found?.revision !== ifRevision || isOutdated(revision, along)) return 'outdated';
		if (found?.fixed !== undefined) return { fixed: found.fixed };
		const path = found?.file.path ?? `${folder.root}/${definitionPath(stored.resource)}`;
		if (found === undefined && files.some((file) => file.path === path)) throw occupied(path, stored.resource);
		const text = definitionText(stored, path.endsWith('.json'));
		const expected = { text: found?.file.text, generation: revision, receipt: along.receipt };
		return outcomeOf(await folder.write(path, text, expected), along);
	};
	const remove = async (key: ResourceKey, ifRevision: string, along: Along): Promise<Outcome> => {
		const { revision, entries } = seenAs(along.seen) ?? (await list());
		const found = entryIn(entries, key);
		if (found?.revision !== ifRevision || isOutdated(revision, along)) return 'outdated';
		if (found.fixed !== undefined) return { fixed: found.fixed };
		const expected = { text: found.file.text, generation: revision, receipt: along.receipt };
		return outcomeOf(await folder.remove(found.file.path, expected), along);
	};
	return {
		list,
		get: async (key) => entryIn((await list()).entries, key),
		put: (stored, ifRevision, along = {}) => inTurn(() => put(stored, ifRevision, along)),
		remove: (key, ifRevision, along = {}) => inTurn(() => remove(key, ifRevision, along)),
		receiptOf: async (token) => receipts.find(token) ?? folder.receiptOf?.(token),
		watch: folder.watch,
	};
}

const entryIn = (entries: readonly FileEntry[], key: ResourceKey): FileEntry | undefined =>
	entries.find(({ resource }) => isSameKey(resource, key));

const isOutdated = (revision: string, { seen }: Along): boolean => seen !== undefined && seen !== revision;

interface FileEntry extends Entry {
	readonly file: FolderFile;
}

/** It may be the resource's own file, with a mistake in it. */
const occupied = (path: string, { kind, name }: ResourceKey): Failure =>
	new Failure(
		'config',
		`Cannot write ${path}: the file is there, and does not define ${kind} ${quote(name)}`,
		'Correct it, or move it away: turnout mesh check says what is wrong with it',
	);

interface FileListing extends Listing {
	readonly entries: readonly FileEntry[];
	readonly files: readonly FolderFile[];
}

interface Reader {
	readonly list: () => Promise<FileListing>;
	/** The last one, if it is of this generation: what has changed since then a change is refused for. */
	readonly seenAs: (seen: string | undefined) => FileListing | undefined;
}

/** Reads all files each time, as their times do not tell every change, and computes nothing twice. */
function createReader(folder: Folder, parameters: Parameters): Reader {
	const importFiles = createFilesImporter(parameters);
	const soleOf = memoize((file: FolderFile) => soleDefinition(file, parameters));
	let listing: FileListing = { entries: [], errors: [], files: [], revision: '' };
	const list = async () => {
		const { files: read, generation: revision } = await folder.read();
		const last = listing.files;
		const former = new Map(last.map((file) => [file.path, file]));
		const files = read.map((file) => sameAs(former.get(file.path), file));
		const isSame = files.length === last.length && files.every((file, at) => file === last[at]);
		if (isSame) {
			listing = { ...listing, revision };
			return listing;
		}
		const { resources, errors } = importFiles(files);
		listing = { entries: entriesOf(files, resources, soleOf), errors, files, revision };
		return listing;
	};
	return { list, seenAs: (seen) => (seen && seen === listing.revision ? listing : undefined) };
}

function entriesOf(
	files: readonly FolderFile[],
	resources: readonly Resource[],
	soleOf: (file: FolderFile) => Definition | undefined,
): FileEntry[] {
	const byPath = new Map(files.map((file) => [file.path, file]));
	const alike = Map.groupBy(resources, keyText);
	const perFile = Map.groupBy(resources, ({ placeOf }) => placeOf('').file);
	return [...perFile].flatMap(([path, own]) => {
		const file = byPath.get(path);
		if (file === undefined) return [];
		const definition = own.length === 1 ? soleOf(file) : undefined;
		return own.map((resource) => entryOf(alike.get(keyText(resource)) ?? [resource], resource, { file, definition }));
	});
}

const sameAs = (former: FolderFile | undefined, file: FolderFile): FolderFile =>
	former !== undefined &&
	former.text === file.text &&
	former.changedMs === file.changedMs &&
	former.isLink === file.isLink
		? former
		: file;

interface Definition {
	readonly fields: Readonly<Record<string, unknown>>;
	/** What would be lost if the file was written anew. */
	readonly loss: string | undefined;
}

/** What a file holds that has one resource as the API's own JSON has it, or what `describe` prints of it. */
function soleDefinition({ text, path }: FolderFile, parameters: Parameters): Definition | undefined {
	const {
		documents: [document, ...others],
		errors: [error],
	} = parseFile(text, path);
	if (document === undefined || others.length > 0 || !isRecord(document.value)) return undefined;
	const importer = importers.find(({ recognises }) => recognises(document.value));
	if (importer?.format !== 'CLI JSON') return undefined;
	const [inner, ...more] = Object.values(document.value);
	const fields = more.length === 0 && isRecord(inner) && 'spec' in inner ? inner : document.value;
	// These are not filled in.
	const { tags: _, metadata: __, ...filled } = fields;
	if (error !== undefined) return { fields, loss: `what else is in its file cannot be read (${mistakeLine(error)})` };
	return { fields, loss: hasTemplate(filled, parameters) ? 'it has templates, such as ${NAME}' : undefined };
}

interface Stood {
	readonly file: FolderFile;
	/** Undefined: it stands with others, or in another format. */
	readonly definition: Definition | undefined;
}

/** `alike`: all of this name, itself included. */
function entryOf(alike: readonly Resource[], resource: Resource, { file, definition }: Stood): FileEntry {
	const beside =
		definition === undefined
			? { tags: [], metadata: madeUp(resource, file.changedMs) }
			: readBeside(definition.fields, resource, file.changedMs);
	return {
		...{ resource, file, revision: revisionOf(file.text) },
		...beside,
		fixed: alike.length > 1 ? fixedByTwins(alike) : fixedBy(resource, { file, definition }),
	};
}

const revisionOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

const shownPlace = ({ placeOf }: Resource): string => `${placeOf('').file}:${placeOf('').line}`;

const fixedByTwins = (alike: readonly Resource[]): string =>
	`it is defined more than once, at ${alike.map(shownPlace).join(' and at ')}: leave one of them`;

function fixedBy(resource: Resource, { file, definition }: Stood): string | undefined {
	const at = shownPlace(resource);
	if (definition === undefined)
		return `it is defined at ${at}, together with others or in another format: change it there, or split that into a file for each resource (turnout mesh convert)`;
	if (definition.loss !== undefined) return `it is defined at ${at}, and ${definition.loss}: change it there`;
	return file.isLink ? `it is defined in ${file.path}, which is a link: change it where that leads` : undefined;
}
